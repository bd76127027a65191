"""Prompts and thinking: the part of a prompt that says whether the model is to think."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal, Special

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.line.language import Piece

__all__ = [
    "Closers",
    "closers_of_reasoning",
    "end_of_closer",
    "end_of_reasoning",
    "lone_closers",
    "opens_reasoning",
    "prompt_pieces",
]


def prompt_pieces(pieces: Sequence[Piece], *, thinking: bool) -> Sequence[Piece] | None:
    """The pieces that a prompt writes; None if the line has no such prompt.

    Args:
        pieces: the line.
        thinking: True if the prompt opens the reasoning, False if it writes it closed and
            empty.
    """
    return _up_to_reasoning(pieces) if thinking else _without_thinking(pieces)


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
    """The pieces before the reasoning, which may be in a group."""
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
    """Whether the text of the piece comes after all thinking."""
    if isinstance(piece, Calls):
        return True
    held = piece.field if isinstance(piece, Group) else getattr(piece, "name", None)
    return held == "content"


def _without_thinking(pieces: Sequence[Piece]) -> list[Piece] | None:
    """The line up to its answer, with empty reasoning, or with only the text that closes it."""
    place, at = _reasoning_place(pieces)
    if place is None:
        return None
    before, piece = [*pieces[:at]], pieces[place]
    if isinstance(piece, Group):
        before[place : place + 1] = [] if _closes_alone(pieces, place, at) else piece.pieces
    return before


def _reasoning_place(pieces: Sequence[Piece]) -> tuple[int | None, int]:
    """Where the reasoning is before the answer, if it is; and where the answer begins."""
    at = next((i for i, piece in enumerate(pieces) if _is_answer(piece)), len(pieces))
    return next((i for i in range(at) if _holds_reasoning(pieces[i])), None), at


def _closes_alone(pieces: Sequence[Piece], place: int, at: int) -> bool:
    """Whether the text that closes the reasoning is written without one, too."""
    after = pieces[place + 1 : at]
    grouped = isinstance(pieces[place], Group)
    return grouped and any(not isinstance(piece, GenerationStart) for piece in after)


def end_of_reasoning(pieces: Sequence[Piece]) -> int | None:
    """The first piece after empty reasoning, up to which a prompt writes everything.

    None if a prompt cannot write the reasoning closed and empty.
    """
    place, at = _reasoning_place(pieces)
    return None if place is None or _closes_alone(pieces, place, at) else at


def end_of_closer(pieces: Sequence[Piece]) -> int | None:
    """The first piece after the text that closes missing reasoning, if a line writes that."""
    place, at = _reasoning_place(pieces)
    return at if place is not None and _closes_alone(pieces, place, at) else None


class Closers(NamedTuple):
    """The parts of empty or missing reasoning in a prompt that a reader still has to see."""

    specials: int
    """The number of special tokens."""
    letters: int
    """The number of characters of literal text after these."""

    @classmethod
    def among(cls, pieces: Sequence[Piece]) -> Closers:
        """The parts that some pieces write."""
        specials = letters = 0
        for piece in pieces:
            if isinstance(piece, Special):
                specials, letters = specials + 1, 0
            elif isinstance(piece, Literal):
                letters += len(piece.text)
        return cls(specials, letters)


def lone_closers(pieces: Sequence[Piece]) -> Closers | None:
    """The text that closes missing reasoning, if a line writes that."""
    place, at = _reasoning_place(pieces)
    if place is None or not _closes_alone(pieces, place, at):
        return None
    return Closers.among(pieces[place + 1 : at])


def closers_of_reasoning(pieces: Sequence[Piece]) -> Closers | None:
    """The parts before `end_of_reasoning`, once a reader knows of empty reasoning.

    It knows by the beginning of the group, or else by the text after the field.
    """
    end = end_of_reasoning(pieces)
    place, _ = _reasoning_place(pieces)
    if end is None or place is None:
        return None
    group = pieces[place]
    rest = [*(group.pieces if isinstance(group, Group) else ()), *pieces[place + 1 : end]]
    written = [piece for piece in rest if piece != GenerationStart()]
    known = [Literal(one.text[1:]) for one in written[:1] if isinstance(one, Literal)]
    return Closers.among([*known, *written[1:]])  # a literal text is known by its first character


def _holds_reasoning(piece: Piece) -> bool:
    return _is_reasoning(piece) or (isinstance(piece, Group) and piece.field == "reasoning")
