"""Strict JSON text: whether it is one value, where it stops being one, and the text of a string."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from chatfmt.errors import ChatfmtError
from chatfmt.line.scanners import scan

if TYPE_CHECKING:
    from chatfmt.line.scanners import Scanner

__all__ = [
    "PREPARE",
    "CodeError",
    "check",
    "check_json",
    "decoder",
    "difference",
    "is_json",
    "quoted",
    "string_in",
    "whole",
]

PREPARE = "prepare the conversation with canonical arguments, or spell them so"


class CodeError(ChatfmtError):
    """A value that a coder cannot spell, or a spelling that it cannot read.

    The caller, which has the message, adds the place of the value.
    Whoever holds the message adds where the value stands.

    Attributes:
        reason: what was expected and found, and how to fix it.
        offset: index of the faulty character in the given text.

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


@cache
def decoder() -> json.JSONDecoder:
    """A decoder that keeps numbers as text: Python would round them, or refuse 5,000 digits.

    It is made on demand, because libraries that pickle modules by value could not pickle one.
    """
    return json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


_NO_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^][}{"]++')


def _depth(text: str) -> int:
    """The largest number of open brackets, as far as the text is JSON."""
    open_brackets = deepest = 0
    for bracket in _NO_BRACKETS.sub("", text):
        open_brackets += 1 if bracket in "{[" else -1
        deepest = max(deepest, open_brackets)
    return deepest


def is_json(text: str, scanner: Scanner[Any]) -> bool:
    """The result of ``scan(scanner, text) == (len(text), True)`` for JSON, by a parser in C."""
    if text[:1] not in scanner.first or text[-1:] not in scanner.last:
        return False
    if text.count("{") + text.count("[") > scanner.most and _depth(text) > scanner.most:
        return False
    try:
        return decoder().raw_decode(text)[1] == len(text)
    except ValueError:
        return False


def check_json(text: str, scanner: Scanner[Any], expected: str) -> None:
    """Refuse a text that is not exactly one value of a JSON scanner.

    Raises:
        CodeError: it is not; the offset is where it stops being one.
    """
    if not is_json(text, scanner):
        check(text, scanner, expected)


def check(text: str, scanner: Scanner[Any], expected: str) -> None:
    """Refuse a text that is not exactly one value of a scanner.

    Raises:
        CodeError: it is not; the offset is where it stops being one.
    """
    offset, complete = scan(scanner, text)
    if complete and offset == len(text):
        return
    found = repr(text[offset : offset + 20]) if offset < len(text) else "the end of the text"
    end = " to end here" if complete else ""
    many = sum(map(text.count, "{[(")) > scanner.most
    depth = f", at most {scanner.most} brackets deep" if many else ""
    raise CodeError(f"expected {expected}{end}{depth}, found {found}", offset)


def string_in(raw: str, offset: int = 0) -> str:
    r"""The text of a JSON string in any spelling; ``offset`` is its place, for the error.

    Raises:
        CodeError: it has half of a surrogate pair in it, which text cannot contain.

    >>> string_in(r'"\u00e9\/"')
    'é/'
    """
    return whole(str(decoder().decode(raw)), offset)


def whole(text: str, offset: int) -> str:
    """The text, if it is valid.

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
    return json.encoder.encode_basestring(text)  # `json.dumps` would make an encoder each time


def difference(one: str, other: str) -> int:
    """The index at which two texts first differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
