"""The texts that a line can write right before and right after a field.

There are several because a group may be missing, and a list may continue or end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.language import Calls, Field, Group, Literal, Special

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.language import Piece

__all__ = ["Before", "Following", "after", "before", "following", "there"]


def there(field: str) -> str:
    """The condition under which the group of a field is written.

    >>> there("content"), there("channel")
    ('content', 'channel is not none')
    """
    return field if field == "content" else f"{field} is not none"


class Following(NamedTuple):
    """Text after a field, up to the next field or special token."""

    text: str
    is_told: bool = False
    """Whether a special token follows it."""
    when: tuple[tuple[str, bool], ...] = ()
    """The fields whose groups decide this, and whether the message has each of them."""


def following(pieces: Sequence[Piece]) -> set[Following]:
    """The texts with which these pieces can begin.

    >>> from chatfmt.line.language import Literal, Special
    >>> following([Literal("a"), Literal("b"), Special(("<e>",))])
    {Following(text='ab', is_told=True, when=())}
    """
    return {Following(text, isinstance(rest, Special), when) for text, rest, when in _begun(pieces)}


def after(pieces: Sequence[Piece]) -> set[str]:
    """The same, up to the next field, with special tokens spelled out.

    >>> from chatfmt.line.language import Literal, Special
    >>> after([Literal("a"), Special(("<e>",)), Literal("b")])
    {'a<e>b'}
    """
    flat = [Literal(one.tokens[0]) if isinstance(one, Special) else one for one in pieces]
    inside = [
        replace(one, pieces=_spelled(one.pieces)) if isinstance(one, Group) else one for one in flat
    ]
    return {text for text, _, _ in _begun(inside)}


def _spelled(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(Literal(one.tokens[0]) if isinstance(one, Special) else one for one in pieces)


_When = tuple[tuple[str, bool], ...]


def _begun(
    pieces: Sequence[Piece], text: str = "", when: _When = ()
) -> Iterator[tuple[str, Piece | None, _When]]:
    """Texts with which the pieces can begin, the piece after each (None at the end), and when."""
    for at, piece in enumerate(pieces):
        rest = pieces[at + 1 :]
        match piece:
            case Literal():
                text += piece.text
            case Group(field):
                yield from _begun((*piece.pieces, *rest), text, (*when, (field, True)))
                when = (*when, (field, False))
            case Calls():
                yield from _begun((*piece.item, *rest), text, when)
                if not piece.arguments:  # there is at least one call
                    return
            case Special() | Field():
                yield text, piece, when
                return
    yield text, None, when


class Before(NamedTuple):
    """Text before a field, since the last special token or field."""

    text: str
    is_open: bool = False
    """Whether a field comes before it."""


def before(past: set[Before], piece: Piece) -> set[Before]:
    """The texts before the next piece, if those before this one are ``past``.

    >>> from chatfmt.line.language import Literal, Special
    >>> before({Before("a")}, Literal("b")), before({Before("a")}, Special(("<s>",)))
    ({Before(text='ab', is_open=False)}, {Before(text='', is_open=False)})
    """
    match piece:
        case Literal():
            return {one._replace(text=one.text + piece.text) for one in past}
        case Special():
            return {Before("")}
        case Field():
            return {Before("", is_open=True)}
        case Group():
            return past | _through(past, piece.pieces)
        case Calls():
            once = _through(past, piece.item)
            again = _through(_through(once, piece.separator), piece.item)
            return once | again | (past if piece.arguments else set())
        case _:
            return past


def _through(past: set[Before], pieces: Sequence[Piece]) -> set[Before]:
    for piece in pieces:
        past = before(past, piece)
    return past
