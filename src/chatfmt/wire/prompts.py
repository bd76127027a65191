"""Prompts and thinking: what a prompt writes that says whether the model is to think."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal, Special

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.line.language import Piece

__all__ = ["opens_reasoning", "prompt_pieces"]


def prompt_pieces(pieces: Sequence[Piece], *, thinking: bool) -> Sequence[Piece] | None:
    """The pieces that a prompt writes; None where the line has no such prompt.

    Args:
        pieces: the line.
        thinking: True where the prompt opens the reasoning, False where it writes it closed and
            empty.
    """
    return _up_to_reasoning(pieces) if thinking else _without_thoughts(pieces)


def opens_reasoning(pieces: Sequence[Piece]) -> bool:
    """Whether the row's own prompt ends within the reasoning, or right before it."""
    prompted = False
    for piece in pieces:
        if piece == GenerationStart():
            prompted = True
        elif _holds_reasoning(piece) and isinstance(piece, Group):
            return GenerationStart() in piece.pieces
        elif prompted and not isinstance(piece, Literal | Special):
            return _is_reasoning(piece)
    return False


def _up_to_reasoning(pieces: Sequence[Piece]) -> list[Piece] | None:
    """The pieces before the reasoning, which may stand in a group."""
    for at, piece in enumerate(pieces):
        if _is_reasoning(piece):
            return [*pieces[:at]]
        inside = _up_to_reasoning(piece.pieces) if isinstance(piece, Group) else None
        if inside is not None:
            return [*pieces[:at], *inside]
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
