"""The characters of a token: those that it completes, and where each begins."""

from __future__ import annotations

__all__ = ["HERE", "PENDING", "WITHIN", "WITHIN_PENDING", "decode"]

HERE, WITHIN, PENDING, WITHIN_PENDING = range(4)
"""Where a run begins: with the token; within it; with the token that began a character which is
complete only now; or within that token."""


def decode(
    pending: bytes, data: bytes, *, split: bool = False
) -> tuple[list[tuple[str, int]], bytes, int, tuple[int, ...]]:
    """The complete characters, and where each begins.

    Returns:
        The characters; the bytes of an incomplete one, and the offset in ``data`` at which they
        begin (-1: before it); where invalid UTF-8 begins. That is U+FFFD in the text: one for each
        maximal part of a sequence, as Python and the Unicode standard count them.
    """
    before = len(pending)
    buffer = pending + data
    at, invalid = 0, list[int]()
    characters: list[tuple[str, int]] = []

    def where(offset: int) -> int:
        if offset < before:
            return PENDING + split
        return HERE if offset == before else WITHIN

    def add(text: str, offset: int) -> None:
        for character in text:
            characters.append((character, where(offset)))
            offset += len(character.encode())

    while True:
        try:
            add(buffer[at:].decode(), at)
        except UnicodeDecodeError as error:
            add(buffer[at : at + error.start].decode(), at)
            at += error.start
            if error.reason == "unexpected end of data":
                return characters, buffer[at:], max(at - before, -1), tuple(invalid)
            invalid.append(where(at))
            add("\N{REPLACEMENT CHARACTER}", at)
            at += error.end - error.start
        else:
            return characters, b"", 0, tuple(invalid)
