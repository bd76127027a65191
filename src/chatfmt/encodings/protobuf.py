"""The wire format of Protocol Buffers, as far as a SentencePiece file needs it.

These forty lines replace a dependency: the package ``protobuf`` would need generated code, and
``sentencepiece`` is a separate encoder, which finds special tokens in text. Source:
protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Value", "fields", "float_of"]

Value: TypeAlias = "int | bytes"
"""A number as stored (a float's bits too), or bytes: a text, or a nested message."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    r"""Number and value of each field of a message, in order.

    >>> list(fields(b"\x08\x96\x01\x12\x02hi"))
    [(1, 150), (2, b'hi')]

    Raises:
        ValueError: the bytes are not a message, or one that is cut off.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FOUR, _EIGHT):
            size = 4 if kind == _FOUR else 8
        else:
            raise ValueError(f"expected a field at byte {at}, found one of the unknown kind {kind}")
        part = data[at : at + size]
        if len(part) < size:
            raise ValueError(f"expected {size} bytes from byte {at} on, found {len(part)}")
        at += size
        yield key >> 3, part if kind == _BYTES else int.from_bytes(part, "little")


def float_of(bits: int) -> float:
    """The float that a field of four bytes stores.

    >>> float_of(0xC0400000)
    -3.0
    """
    number: float
    (number,) = struct.unpack("<f", struct.pack("<I", bits))
    return number


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    number = shift = 0
    while True:
        if at == len(data) or shift > 63:  # noqa: PLR2004 - a number has at most 64 bits
            raise ValueError(f"expected a number that ends, found none at byte {at}")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follows
            return number, at
        shift += 7
