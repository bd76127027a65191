"""Texts that would be read as structure, in formats in which some text is structure.

Where only text tells where a field ends, the reader takes the first place where that text stands,
in the field and in what the line writes after it. A value for which that is another place than its
end is refused when it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.language import Field, Group, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chatfmt.line.language import Piece
    from chatfmt.line.words import Word

__all__ = ["Misread", "find_misread"]


class Misread(NamedTuple):
    """A value that would be read otherwise: of which field, from which offset on, and as what."""

    field: str
    offset: int
    word: str


def find_misread(
    pieces: Iterable[Piece],
    values: Mapping[str, str | None],
    words: Mapping[str, Iterable[Word]],
) -> Misread | None:
    """The first value that would be read otherwise, of those that a line writes.

    Args:
        pieces: the line, each optional group opened or left out.
        values: field to value.
        words: field to the words that it never holds.
    """
    written = [*_opened(pieces)]
    for i, piece in enumerate(written):
        if isinstance(piece, Field) and piece.name in words:
            after = "".join(p.text for p in _literals(written[i + 1 :]))
            value = values.get(piece.name) or ""
            some = [*words[piece.name]]
            fences = tuple(word.text for word in some if not word.begins)
            for word in some:
                if word.begins and not value and not after.startswith(fences):
                    continue  # the literal text after it is no fence, so it is read as it stands
                offset = _found(word, value, after)
                if offset is not None:
                    return Misread(piece.name, offset, word.text)
    return None


def _opened(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if isinstance(piece, Group):
            yield from piece.pieces
        else:
            yield piece


def _literals(pieces: list[Piece]) -> Iterator[Literal]:
    for piece in pieces:
        if not isinstance(piece, Literal):
            return
        yield piece


def _found(word: Word, value: str, after: str) -> int | None:
    """Where the value would be misread; None where it would not."""
    if word.ends:
        return 0 if value == word.text else None
    if word.begins:
        return 0 if (value + after).startswith(word.text) else None
    offset = (value + after).find(word.text)
    return offset if 0 <= offset < len(value) else None
