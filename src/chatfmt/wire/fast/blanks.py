"""Reads the value of a blank from its text, but only texts that the writer would write."""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import regex

from chatfmt.line.calls import CallObject, parts_of_call
from chatfmt.line.coders import CODERS
from chatfmt.line.jsontext import CodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt.conversation import Message
    from chatfmt.line.coders import Coder
    from chatfmt.wire.spell import Blank

__all__ = ["Reader", "Where", "reader_of"]

Value: TypeAlias = "str | dict[str, str]"
"""A field's text, or the parts of a call."""


class Where(IntEnum):
    """Where the value of a blank belongs."""

    MESSAGE = 0
    """It is a field of the message."""
    CALL = 1
    """It is a call."""
    NEW_CALL = 2
    """It is a field of a call, and the first."""
    LAST_CALL = 3
    """It is a field of the last call."""


class Reader(NamedTuple):
    """Reads a blank."""

    number: int
    """The number of its message in the unit."""
    where: Where
    name: str
    """The field, of the message or of a call."""
    value: Callable[[str], Value | None] | None
    """The value of a text, or None if the writer would write another; None if it is the text."""


def reader_of(blank: Blank, number: int, message: Message) -> Reader:
    """The reader of a blank in the message with this number, and of blanks like it."""
    piece = blank.piece
    name = piece.name
    if blank.call is None:
        value = _value_of(blank)
        if name in _EMPTY_OR_NOT:
            value = _some(value) if getattr(message, name) else _none
        return Reader(number, Where.MESSAGE, name, value)
    where = Where.NEW_CALL if blank.begins else Where.LAST_CALL
    if isinstance(piece.scanner, CallObject):
        where = Where.CALL
    return Reader(number, where, name.removeprefix("call."), _value_of(blank))


_EMPTY_OR_NOT = {"content", "reasoning"}
"""The cases that `chatfmt.wire.plans.shape_of` distinguishes."""


def _some(value: Callable[[str], Value | None] | None) -> Callable[[str], Value | None]:
    return (lambda text: text or None) if value is None else (lambda text: value(text) or None)


def _none(text: str) -> str | None:
    return None if text else text


def _value_of(blank: Blank) -> Callable[[str], Value | None] | None:
    piece = blank.piece
    if isinstance(keys := piece.scanner, CallObject):
        return partial(parts_of_call, keys=keys)
    if piece.alphabet is not None:
        matches = regex.compile(piece.alphabet.pattern, regex.V1).fullmatch
        return lambda text: text if matches(text) else None
    if piece.coder is None:
        return None
    coder = CODERS[piece.coder]
    return partial(_coded, coder=coder)


def _coded(text: str, coder: Coder) -> str | None:
    try:
        if coder.checks_only:
            return coder.spell(text)
        value = coder.read(text)
        return value if coder.spell(value) == text else None
    except CodeError:
        return None
