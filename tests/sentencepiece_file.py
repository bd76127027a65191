"""Small SentencePiece models, written by hand: their pieces and their settings."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["BYTES", "LISTED", "field", "model"]

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
BYTES = [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
WORDS = [
    "▁",
    "a",
    "b",
    "c",
    "é",
    "ab",
    "▁a",
    "▁ab",
    "ca",
    "▁▁",
    "▁▁▁▁",
    "\n",
    "\n\n",
    "<",
    "s",
    ">",
]
LISTED = [
    ("<unk>", 0.0, UNKNOWN),
    ("<s>", 0.0, CONTROL),
    ("</s>", 0.0, CONTROL),
    *BYTES,
    *((word, -float(rank), NORMAL) for rank, word in enumerate(WORDS)),
    ("[REF]", 0.0, USER_DEFINED),
]


def varint(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def field(number: int, value: int | float | str | bytes) -> bytes:  # noqa: PYI041 - told apart here
    """A field of a message: a number, a float, a text, or a message of its own."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def model(
    listed: Iterable[tuple[str, float, int]] = LISTED,
    trainer: Mapping[int, int] | None = None,
    normalizer: Mapping[int, int | bytes] | None = None,
) -> bytes:
    """A model: by default of byte pairs with byte fallback, without normalizer, with a prefix."""
    pieces = (field(1, text) + field(2, score) + field(3, kind) for text, score, kind in listed)
    trained = {3: 2, 35: 1} | dict(trainer or {})
    normal = {3: 1, 4: 0, 5: 1} | dict(normalizer or {})
    return b"".join(
        [
            *(field(1, piece) for piece in pieces),
            field(2, b"".join(field(*item) for item in trained.items())),
            field(3, b"".join(field(*item) for item in normal.items())),
        ]
    )
