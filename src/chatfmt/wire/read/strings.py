"""JSON strings, whole or cut off."""

from __future__ import annotations

from contextlib import suppress

from chatfmt.line.coders import CODERS
from chatfmt.line.jsontext import CodeError
from chatfmt.line.scanners import JsonString

__all__ = ["string_so_far"]


def string_so_far(raw: str) -> tuple[str, bool]:
    r"""The text of a JSON string, or of the beginning of one; and whether it is valid.

    Invalid text is given as it is spelled, and so is a string that ends within an escape.

    >>> string_so_far(r'"a\n"'), string_so_far('"a'), string_so_far('"a\\')
    (('a\n', True), ('a', True), ('"a\\', True))
    >>> string_so_far(r'"\ud800"')
    ('"\\ud800"', False)
    """
    read = CODERS["json"].read
    with suppress(CodeError):
        return read(raw), True
    with suppress(CodeError):
        return read(raw + '"'), True
    scanner = JsonString()
    state = scanner.start()
    for character in raw:
        state = scanner.step(state, character) or state  # the reader has checked that it continues
    return raw, not scanner.complete(state)
