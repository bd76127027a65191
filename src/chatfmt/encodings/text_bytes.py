"""The bytes that text can contain, and vocabularies that lack some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["missing_bytes", "refuse_missing"]

# UTF-8 never has these. Source: RFC 3629, section 1.
_NEVER = {0xC0, 0xC1, *range(0xF5, 0x100)}


def missing_bytes(tokens: Container[bytes]) -> bytes:
    r"""The bytes of UTF-8 text, in order, that are not among these tokens.

    >>> missing_bytes({bytes([byte]) for byte in range(256) if byte != 0x0B})
    b'\x0b'
    """
    needed = (byte for byte in range(256) if byte not in _NEVER)
    return bytes(byte for byte in needed if bytes([byte]) not in tokens)


def refuse_missing(text: str, missing: bytes) -> None:
    r"""Refuse a text because of its first byte for which a vocabulary has no token.

    >>> refuse_missing("a\x0bb", b"\x0b")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    chatfmt.errors.EncodingError: offset 1: the vocabulary has no token for the byte 0x0B of ...

    Raises:
        EncodingError: always; a text that has none of the bytes is a mistake of the caller.
    """
    offset, char = next(
        (offset, char)
        for offset, char in enumerate(text)
        if not set(missing).isdisjoint(char.encode())
    )
    byte = next(byte for byte in char.encode() if byte in missing)
    raise EncodingError(
        f"offset {offset}: the vocabulary has no token for the byte 0x{byte:02X} of {char!r}; "
        "leave it out, or use another vocabulary"
    )
