"""Conclusions from the pieces of a line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatfmt.line.fields import ALPHABETS, FREE_TEXT
from chatfmt.line.jsontext import difference
from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal, Special, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.line.fields import Alphabet
    from chatfmt.line.language import Piece

__all__ = [
    "END",
    "before_prompt_ends",
    "first_characters",
    "generated_after",
    "narrow",
    "places",
    "spelled",
    "variants",
    "with_groups",
]

END = Special((), end=True)
"""An ``{end}`` while it is being read."""


def before_prompt_ends(pieces: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    """Everything before ``{^}``, which may be in a group; None without it."""
    for at, piece in enumerate(pieces):
        inside = before_prompt_ends(piece.pieces) if isinstance(piece, Group) else None
        if piece == GenerationStart() or inside is not None:
            return tuple(merge((*pieces[:at], *(inside or ()))))
    return None


def generated_after(prompt: Sequence[Piece], pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces with ``{^}`` after their common beginning with that prompt."""
    rest = merge(piece for piece in pieces if piece != GenerationStart())
    shared: list[Piece] = []
    for piece in prompt[: len(rest)]:
        other = rest.pop(0)
        if other == piece:
            shared.append(piece)
            continue
        if isinstance(piece, Literal) and isinstance(other, Literal):
            at = difference(piece.text, other.text)
            shared += [Literal(other.text[:at])] * bool(at)
            other = Literal(other.text[at:])
        rest[:0] = [other] * (other != Literal(""))
        break
    return (*shared, GenerationStart(), *rest)


def places(pieces: Iterable[Piece], *, needed: bool) -> Iterator[tuple[str, bool]]:
    """The fields that have a place in the pieces, and whether they must be there."""
    for piece in pieces:
        match piece:
            case Field(name):
                yield name, needed
            case Literal(_, fixes) if fixes is not None:
                yield fixes, needed
            case Group(_, inner):
                yield from places(inner, needed=False)
            case Calls(_, inner):
                yield from places(inner, needed=needed)


def variants(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, ...]]:
    """The pieces with and without each group after which its free text may still continue.

    In such a group, a prompt ends where the group would begin.
    """
    for at, piece in enumerate(pieces):
        if isinstance(piece, Group) and _stays_open(piece):
            there = Group(piece.field, piece.pieces, always=True)
            for rest in variants(pieces[at + 1 :]):
                yield (*pieces[:at], there, *rest)
                without = [one for one in piece.pieces if one == GenerationStart()]
                yield tuple(merge((*pieces[:at], *without, *rest)))
            return
    yield pieces


def _stays_open(piece: Group) -> bool:
    free = [i for i, p in enumerate(piece.pieces) if isinstance(p, Field) and p.name in FREE_TEXT]
    return (
        not piece.always
        and bool(free)
        and not any(isinstance(p, Special) for p in piece.pieces[free[0] :])
    )


def spelled(pieces: Iterable[Piece], spelling: str) -> list[Piece]:
    """The pieces of one role's line, with ``{role}`` as text."""
    named = Field("role", ALPHABETS["role"])
    return merge(Literal(spelling) if piece == named else piece for piece in pieces)


def with_groups(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, with the content of each group after it."""
    for piece in pieces:
        yield piece
        if isinstance(piece, Group):
            yield from piece.pieces


def narrow(pieces: Sequence[Piece], after: str, role_alphabet: Alphabet) -> Iterator[Piece]:
    """Remove from each field's alphabet the characters with which literal text may follow it."""
    for i, piece in enumerate(pieces):
        follow = first_characters(pieces[i + 1 :], after)
        if isinstance(piece, Group):
            yield replace(piece, pieces=tuple(narrow(piece.pieces, follow, role_alphabet)))
        elif isinstance(piece, Calls):
            again = first_characters((*piece.separator, *piece.item), "") + follow
            yield replace(piece, item=tuple(narrow(piece.item, again, role_alphabet)))
        elif isinstance(piece, Field) and piece.alphabet is not None:
            alphabet = role_alphabet if piece.name == "role" else piece.alphabet
            yield replace(piece, alphabet=alphabet.without(follow))
        else:
            yield piece


def first_characters(pieces: Sequence[Piece], after: str) -> str:
    """The characters of literal text with which the pieces may begin, including ``after``."""
    found = ""
    for piece in pieces:
        if isinstance(piece, Group):
            found += first_characters(piece.pieces, "")
        elif isinstance(piece, Calls) and piece.arguments:
            found += first_characters(piece.item, "")
        elif isinstance(piece, Literal):
            return found + piece.text[0]
        elif not isinstance(piece, GenerationStart):
            return found
    return found + after
