"""The pieces of a line one after the other: groups decided, literal text letter by letter."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from chatfmt.line.language import Field, GenerationStart, Group, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatfmt.line.language import Piece

__all__ = ["There", "after_prompt", "filled", "is_reasoning", "letters", "literals", "variants"]


class There(Field):
    """A content with a group around it, which is written only if it is not empty."""


def variants(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """A line with and without each of its groups, leaving out the ends of prompts."""
    ways: list[list[list[Piece]]] = []
    for piece in pieces:
        if isinstance(piece, Group):
            inside = [[*map(_there, way)] for way in variants(piece.pieces)]
            ways.append(inside if piece.always else [[], *inside])
        elif not isinstance(piece, GenerationStart):
            ways.append([[piece]])
    for way in product(*ways):
        yield [piece for some in way for piece in some]


def _there(piece: Piece) -> Piece:
    if isinstance(piece, Field) and piece.name == "content":
        return There(piece.name, piece.alphabet, piece.coder, piece.keys)
    return piece


def letters(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces with each literal letter by letter, groups unfolded and no reasoning."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Literal):
            found += map(Literal, piece.text)
        elif isinstance(piece, Group):
            found += letters(p for p in piece.pieces if not is_reasoning(p))
        elif not isinstance(piece, GenerationStart):
            found.append(piece)
    return found


def after_prompt(pieces: list[Piece], written: list[Piece]) -> list[Piece] | None:
    """The pieces after a prompt; None if they do not begin with it."""
    if pieces[: len(written)] == written:
        return pieces[len(written) :]
    silent = [piece for piece in pieces if not is_reasoning(piece)]
    return silent[len(written) :] if silent[: len(written)] == written else None


def is_reasoning(piece: Piece) -> bool:
    """Whether a piece is the place of the reasoning."""
    return isinstance(piece, Field) and piece.name == "reasoning"


def literals(pieces: Iterable[Piece]) -> Iterator[Literal]:
    """The literal text at their beginning."""
    for piece in pieces:
        if not isinstance(piece, Literal):
            return
        yield piece


def filled(piece: Piece, values: Mapping[str, str]) -> Piece:
    """A field as literal text, if its value is given."""
    known = isinstance(piece, Field) and piece.name in values
    return Literal(values[piece.name]) if known else piece  # type: ignore[union-attr]
