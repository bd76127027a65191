"""Strict JSON text: what is one value, where it stops being one, and the text of a string."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from chatfmt.errors import ChatfmtError
from chatfmt.line.scanners import MAX_DEPTH, scan

if TYPE_CHECKING:
    from chatfmt.line.scanners import Scanner

__all__ = [
    "DECODER",
    "PREPARE",
    "CodeError",
    "check_json",
    "difference",
    "is_json",
    "quoted",
    "refuse",
    "string_in",
    "whole",
]

PREPARE = "prepare the conversation with canonical arguments, or spell them so"


class CodeError(ChatfmtError):
    """A value that a coder cannot spell, or a spelling that it cannot read.

    Whoever holds the message adds where the value stands.

    Attributes:
        reason: what was expected and found, and how to mend it.
        offset: index of the character at fault in the text that was given.

    >>> from chatfmt.line.scanners import JsonObject
    >>> check_json('{"a": NaN}', JsonObject(), "a JSON object")
    Traceback (most recent call last):
        ...
    chatfmt.line.jsontext.CodeError: offset 6: expected a JSON object, found 'NaN}'
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        return f"offset {self.offset}: {self.reason}"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
"""Numbers stay text: Python would round them, or refuse to read 5,000 digits."""


def is_json(text: str, scanner: Scanner[Any]) -> bool:
    """``scan(scanner, text) == (len(text), True)``, by a parser in C where it says the same."""
    if _may_be_deep(text):
        return scan(scanner, text) == (len(text), True)
    if text[:1] not in scanner.first or text[-1:] not in scanner.last:
        return False
    try:
        DECODER.decode(text)
    except ValueError:
        return False
    return True


def check_json(text: str, scanner: Scanner[Any], expected: str) -> None:
    """Refuse a text that is anything but one value of a JSON scanner.

    Raises:
        CodeError: with the offset from which on no value is spelled like this.
    """
    if not is_json(text, scanner):
        refuse(text, scanner, expected)


def _may_be_deep(text: str) -> bool:
    return text.count("{") + text.count("[") >= MAX_DEPTH


def refuse(text: str, scanner: Scanner[Any], expected: str) -> NoReturn:
    """Say where a text stops being one value of a scanner.

    Raises:
        CodeError: always.
    """
    offset, complete = scan(scanner, text)
    found = repr(text[offset : offset + 20]) if offset < len(text) else "the end of the text"
    end = " to end here" if complete else ""
    depth = f", at most {MAX_DEPTH} levels deep," if _may_be_deep(text) else ""
    raise CodeError(f"expected {expected}{depth}{end}, found {found}", offset)


def string_in(raw: str, offset: int = 0) -> str:
    r"""The text of a JSON string in any spelling; ``offset`` is where it stands, for the error.

    Raises:
        CodeError: it has half of a surrogate pair in it, which no text can hold.

    >>> string_in(r'"\u00e9\/"')
    'é/'
    """
    return whole(str(DECODER.decode(raw)), offset)


def whole(text: str, offset: int) -> str:
    """The text, if it is one.

    Raises:
        CodeError: it has half of a surrogate pair in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"{ord(text[error.start]):04X}"
        reason = f"expected a string of characters, found U+{half}, half of a surrogate pair"
        raise CodeError(f"{reason}; write the character itself", offset) from None
    return text


def quoted(text: str) -> str:
    """The canonical spelling of a JSON string."""
    return json.dumps(text, ensure_ascii=False)


def difference(one: str, other: str) -> int:
    """Where two texts part."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
