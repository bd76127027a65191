"""The kind that each member of a row must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import regex

from chatfmt.errors import FormatError, shown

if TYPE_CHECKING:
    from chatfmt.line.row import Row

__all__ = ["check_kinds"]

_TEXT, _LIST, _NONE = "a string", "a list of strings", "None"
_MAPPING = "a mapping of strings to strings"
_KINDS = {
    "name": (_TEXT,),
    "special_tokens": (_LIST,),
    "roles": (_LIST, _MAPPING),
    "prologue": (_TEXT,),
    "ends": (_MAPPING,),
    "generation_start": (_TEXT, _NONE),
    "stops": (_LIST,),
    "speakers": (_LIST,),
    "fences": (_LIST,),
    "call_ids": (_TEXT,),
    "faults": (_MAPPING,),
    "encoding": (_TEXT, _NONE),
    "source": (_TEXT,),
}
"""The kinds of each argument; a row may come from a file, which no type checker has seen."""


def check_kinds(format: Row) -> None:
    """Check that each member has the right kind."""
    for name, kinds in _KINDS.items():
        value = getattr(format, name)
        if _kind(value) not in kinds:
            raise FormatError(
                f"format {format.name}: {name} must be {' or '.join(kinds)}, found {shown(value)}"
            )
    if not isinstance(format.prepare, list | tuple):
        raise FormatError(
            f"format {format.name}: prepare must be a list of words, found {shown(format.prepare)}"
        )
    longest = format.longest_header
    if not isinstance(longest, int) or isinstance(longest, bool) or longest < 1:
        raise FormatError(
            f"format {format.name}: longest_header must be a positive integer, found "
            f"{shown(longest)}"
        )
    if not isinstance(format.thinking, bool | None):
        raise FormatError(
            f"format {format.name}: thinking must be true, false or None, found "
            f"{shown(format.thinking)}"
        )
    if format.generation_start not in ("content", "role", None):
        raise FormatError(
            f'format {format.name}: generation_start must be "content" or "role", found '
            f"{shown(format.generation_start)}"
        )


def _kind(value: object) -> str | None:
    """The name of a value's kind in `_KINDS`; None for anything else, such as a lone surrogate."""
    match value:
        case None:
            return _NONE
        case str():
            return _TEXT if regex.fullmatch(r"\P{Cs}*", value) else None
        case Mapping():
            kind, texts = _MAPPING, [*value.keys(), *value.values()]
        case Sequence():
            kind, texts = _LIST, [*value]
        case _:
            return None
    return kind if all(_kind(text) == _TEXT for text in texts) else None
