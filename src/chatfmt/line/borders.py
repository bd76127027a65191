"""The border between one message and the next, and what may be on its two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import FormatError, named
from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal, Next, Special

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.line.envelopes import Envelope
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line

__all__ = ["check_borders", "check_texts"]


def check_borders(
    lines: Sequence[Line], envelopes: Mapping[str, Envelope], roles: Sequence[str], where: str
) -> None:
    """Check that text alone never leads from one message through another to a third.

    This is checked before the lines become a graph: with endless literal text, there would be no
    end of texts that a field may not contain.

    Raises:
        FormatError: it could, or a line names a role that does not exist in ``after``.
    """
    for line in lines:
        for role in line.after or ():
            if role not in roles and line.after != ("start",):
                raise FormatError(
                    f"{where}: after names the role {named(role)}, which has no line; there are "
                    + ", ".join(map(named, roles))
                )
        if line.pieces[-1] == Next():
            for role in line.roles:
                _check_what_follows(role, lines, envelopes, where)
    for role, envelope in envelopes.items():
        if envelope.close == (Next(),):
            _check_what_follows(role, lines, envelopes, where)
        if not any(map(_is_there, (*envelope.sep, *envelope.each))):
            raise FormatError(
                f"{where}, role {role}, each: with every group left out a message is nothing but "
                "literal text, and so might be any number of them; let each have a special token "
                "or a field that is always there"
            )


def _check_what_follows(
    role: str, lines: Sequence[Line], envelopes: Mapping[str, Envelope], where: str
) -> None:
    following = [line.pieces for line in lines if line.after is None or role in line.after]
    if not all(map(_begins_with_token, [*following, *map(_opening, envelopes.values())])):
        raise FormatError(
            f"{where}, role {role}: whatever follows ends a message with {{next}}, so each line "
            "that may follow must begin with a special token"
        )


def check_texts(
    lines: Sequence[Line],
    envelopes: Mapping[str, Envelope],
    prologue: Sequence[Special | Literal],
    where: str,
) -> None:
    """Check that there is not text on both sides of the border between two messages.

    Raises:
        FormatError: there is.
    """
    opening = [*map(_opening, envelopes.values())]
    texts = {(role, line.tail) for line in lines for role in line.roles}
    closings = {role: envelope.close for role, envelope in envelopes.items()}
    for role, pieces in {"start": prologue, **closings}.items():
        texts |= {(role, last.text) for last in pieces[-1:] if isinstance(last, Literal)}
    for role, text in texts:
        following = [line.pieces for line in lines if line.after is None or role in line.after]
        begins = [pieces[0] for pieces in (*following, *opening)]
        if text and not all(isinstance(piece, Special) for piece in begins):
            raise FormatError(
                f"{where}: a message that begins with text cannot follow a tail or a "
                "prologue that ends in text; begin it with a special token"
            )


def _opening(envelope: Envelope) -> tuple[Piece, ...]:
    return (*envelope.open, *envelope.each)


def _is_there(piece: Piece) -> bool:
    """Whether it always writes a special token, or the text of a field."""
    return isinstance(piece, Special | Field)


def _begins_with_token(pieces: Sequence[Piece]) -> bool:
    """Whether these always begin with a special token, whichever groups are written."""
    first = next((piece for piece in pieces if not _may_be_passed(piece)), None)
    if isinstance(first, Calls):
        return _begins_with_token(first.item)
    return isinstance(first, Special)


def _may_be_passed(piece: Piece) -> bool:
    """Whether it may write nothing, and otherwise begins with a special token."""
    if isinstance(piece, Group):
        return _begins_with_token(piece.pieces)
    if isinstance(piece, Calls) and piece.arguments:
        return _begins_with_token(piece.item)
    return piece == GenerationStart()
