"""The rules within one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import FormatError
from chatfmt.line.fields import FREE_TEXT
from chatfmt.line.language import (
    Calls,
    Field,
    GenerationStart,
    Group,
    Literal,
    Special,
    flat,
)
from chatfmt.line.pieces import END, places, variants, with_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.line.language import Piece

__all__ = ["check_fields", "check_free_text", "check_generated"]


def check_fields(
    pieces: list[Piece], role: str | None, generation_start: str | None, where: str
) -> None:
    """Check that each field is in its place, at most once, and that none is missing."""
    names = [name for name, _ in places(pieces, needed=True)]
    for name in names:
        if names.count(name) > 1:
            raise FormatError(f"{where}: {{{name}}} appears twice")
    _check_places(pieces, where)
    _check_lists(pieces, where)
    says = {"content", "tools"} & {*names} or any(isinstance(piece, Calls) for piece in pieces)
    if not says:
        raise FormatError(f"{where}: there is no {{content}}")
    prompted = any(isinstance(piece, GenerationStart) for piece in with_groups(pieces))
    needs_role = role is None or (generation_start == "role" and not prompted)
    if "role" not in names and needs_role:
        raise FormatError(f"{where}: there is no {{role}}")
    if "role" in names and role is None:
        free = next((name for name in names if name in FREE_TEXT), "role")
        if names.index("role") > names.index(free):
            raise FormatError(
                f"{where}: whose {{{free}}} it is would be known only at its end; write {{role}} "
                "first"
            )


def _check_places(pieces: list[Piece], where: str) -> None:
    """Check that fields of a call are in a list of calls, and that a group depends on a text."""
    for piece in with_groups(pieces):
        if isinstance(piece, Field) and piece.name.split(".")[0] in ("call", "arg"):
            raise FormatError(
                f"{where}: {{{piece.name}}} belongs to a call, so it must be in a list of them: "
                f"[…{{{piece.name}}}…]*"
            )
        if isinstance(piece, Group) and piece.field == "content" and _is_coded(piece.pieces):
            raise FormatError(
                f"{where}: {{content}} is in a group, which is left out where it is empty, and "
                "is spelled as JSON, where an empty text is a value; take it out of the group"
            )
        if isinstance(piece, Calls) and not all(
            isinstance(inner, Special | Literal) and inner != END for inner in piece.separator
        ):
            raise FormatError(
                f"{where}: only special tokens and literal text are allowed between two calls"
            )


def _check_lists(pieces: list[Piece], where: str) -> None:
    """Check that a line has one place for its calls, and a call one place for each of its parts."""
    lists = [piece for piece in pieces if isinstance(piece, Calls)]
    if len(lists) > 1:
        raise FormatError(
            f"{where}: there are two lists of calls, and each would hold all of them; leave one out"
        )
    grouped = [inner for piece in pieces if isinstance(piece, Group) for inner in piece.pieces]
    listed = [inner for calls in lists for inner in calls.item]
    if any(isinstance(p, Calls) and (p in grouped or not p.arguments) for p in grouped + listed):
        raise FormatError(f"{where}: a list of calls is in a group or in another list; take it out")
    for calls in lists:
        names = [piece.name for piece in calls.item if isinstance(piece, Field)]
        if "call" in names and len(names) > 1:
            other = next(name for name in names if name != "call")
            raise FormatError(
                f"{where}: {{call:json …}} is a whole call, so {{{other}}} has no place beside it"
            )


def _is_coded(pieces: Iterable[Piece]) -> bool:
    return any(isinstance(piece, Field) and piece.coder is not None for piece in pieces)


def check_free_text(pieces: Sequence[Piece], where: str) -> None:
    """Check that free text is followed by something that ends it: literal text or a token."""
    for variant in variants(tuple(pieces)):
        _close_free_text(variant, None, where)


def _close_free_text(pieces: Iterable[Piece], open_field: str | None, where: str) -> str | None:
    """The open free-text field after the pieces, given the one that is open before them."""
    for piece in pieces:
        match piece:
            case Special() | Literal():
                open_field = None
            case Group(_, inner, always):
                after = _close_free_text(inner, open_field, where)
                open_field = after if always else open_field or after
            case Calls(separator, item):
                after = _close_free_text(item, open_field, where)
                _close_free_text([*separator, *item], after, where)
                open_field = after
            case Field(name) if open_field:
                raise FormatError(
                    f"{where}: {{{name}}} follows {{{open_field}}} without a special token or "
                    "text between them, so they could not be distinguished"
                )
            case Field(name) if name in FREE_TEXT and piece.scanner is None:
                open_field = name
    return open_field


def check_generated(pieces: Sequence[Piece], where: str) -> None:
    """Check that the end token does not appear elsewhere in what the model writes."""
    flattened = [*flat(pieces)]
    if not isinstance(last := flattened[-1], Special):
        return
    for piece in flattened[flattened.index(GenerationStart()) + 1 : -1]:
        if isinstance(piece, Special) and set(piece.tokens) & set(last.tokens):
            raise FormatError(
                f"{where}: the end token {piece.tokens[0]} also appears in what the model writes "
                "before it, so generation would stop there"
            )
