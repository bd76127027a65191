"""Lines of a role for the same messages: the first must be able to write what the others read.

A message is written in the first line that fits it. If a later line accepted a value that the first
cannot write, a message could be read but never written. There is one exception: a call that is a
JSON object may have any name, so calls of Llama after ``<|python_tag|>`` are read with names that
are refused if calls are text.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from chatfmt.line.calls import CallObject
from chatfmt.line.characters import Characters
from chatfmt.line.fields import OPTIONAL
from chatfmt.line.language import Field, Literal, flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.fields import Alphabet
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line

__all__ = ["find_unwritable"]


class _Takes(NamedTuple):
    """The values of a field that a line accepts."""

    alphabet: Alphabet | None = None
    is_object: bool = False


def find_unwritable(lines: Sequence[Line]) -> str | None:
    """A field with values that a later line reads but the first one cannot write; None if none."""
    for first, later in combinations(lines, 2):
        if not (_share_place(first, later) and _share_messages(first, later)):
            continue
        kinds = Characters(p.text for p in flat(first.pieces + later.pieces) if _is_text(p))
        here, there = dict(_takes(first)), dict(_takes(later))
        if "call.id" in here and "call.id" not in there:
            return "call.id"
        for field in here.keys() & there.keys():
            if not _covers(here[field], there[field], kinds):
                return field
    return None


def _share_place(one: Line, other: Line) -> bool:
    return one.after is None or other.after is None or not {*one.after}.isdisjoint(other.after)


def _share_messages(one: Line, other: Line) -> bool:
    """Whether some message has all fields that both lines need, and a place in both for each."""
    values = dict(one.fixed)
    return (
        one.has_calls == other.has_calls
        and all(values.get(field, value) == value for field, value in other.fixed)
        and all(
            field in beside.fields or not needed or field not in OPTIONAL
            for line, beside in ((one, other), (other, one))
            for field, needed in line.fields.items()
        )
    )


def _is_text(piece: Piece) -> TypeGuard[Literal]:
    return isinstance(piece, Literal)


def _takes(line: Line) -> Iterator[tuple[str, _Takes]]:
    for piece in flat(line.pieces):
        if not isinstance(piece, Field) or piece.name == "role":
            continue
        if isinstance(keys := piece.scanner, CallObject):
            yield "call.arguments", _Takes(is_object=True)
            if keys.id is not None:
                yield "call.id", _Takes()
        else:
            yield piece.name, _Takes(piece.alphabet, piece.coder == "object")


def _covers(first: _Takes, later: _Takes, kinds: Characters) -> bool:
    """Whether the first line accepts every value that the later one accepts."""
    if first.alphabet is None:
        return later.is_object or not first.is_object
    if later.alphabet is None:
        return False
    ours, theirs = first.alphabet, later.alphabet
    more = kinds.kinds(theirs.first) & ~kinds.kinds(ours.first)
    return not (more or kinds.kinds(theirs.rest) & ~kinds.kinds(ours.rest))
