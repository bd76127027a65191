"""Where a prompt ends: the pieces of a line up to the place where the model begins to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.language import Calls, Field, GenerationStart, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatfmt.line.language import Piece

__all__ = ["prompt_pieces"]


def prompt_pieces(pieces: Sequence[Piece], *, thinking: bool | None = None) -> list[Piece] | None:
    """The pieces that a prompt writes; None where the line has no such prompt.

    Args:
        pieces: the line.
        thinking: None for the row's own; True where the prompt opens the reasoning, False where it
            writes it closed and empty.
    """
    if thinking is None:
        return _up_to(pieces, lambda piece: piece == GenerationStart())
    if thinking:
        return _up_to(pieces, _is_reasoning)
    return _without_thoughts(pieces)


def _up_to(pieces: Sequence[Piece], ends: Callable[[Piece], bool]) -> list[Piece] | None:
    """The pieces before the first of a kind, which may stand in a group."""
    before: list[Piece] = []
    for piece in pieces:
        if ends(piece):
            return before
        if isinstance(piece, Group) and (inside := _up_to(piece.pieces, ends)) is not None:
            return [*before, *inside]
        before.append(piece)
    return None


def _is_reasoning(piece: Piece) -> bool:
    return isinstance(piece, Field) and piece.name == "reasoning"


def _is_answer(piece: Piece) -> bool:
    """Whether what the piece writes comes after all thinking."""
    if isinstance(piece, Calls):
        return True
    held = piece.field if isinstance(piece, Group) else getattr(piece, "name", None)
    return held == "content"


def _without_thoughts(pieces: Sequence[Piece]) -> list[Piece] | None:
    """The line up to its answer, with an empty reasoning, or with what closes one alone."""
    at = next((i for i, piece in enumerate(pieces) if _is_answer(piece)), len(pieces))
    before = [*pieces[:at]]
    place = next((i for i, piece in enumerate(before) if _holds_reasoning(piece)), None)
    if place is None:
        return None
    piece, closers = before[place], before[place + 1 :]
    if isinstance(piece, Group):
        alone = any(not isinstance(closer, GenerationStart) for closer in closers)
        before[place : place + 1] = [] if alone else piece.pieces
    return before


def _holds_reasoning(piece: Piece) -> bool:
    return _is_reasoning(piece) or (isinstance(piece, Group) and piece.field == "reasoning")
