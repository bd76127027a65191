"""Parse JSON rows strictly, refusing everything that JSON leaves undefined."""

from __future__ import annotations

import json
import re
from typing import Any

from chatfmt.adapters.fields import Field
from chatfmt.adapters.rows import Row, as_row, bad_row
from chatfmt.conversation.wording import describe
from chatfmt.json_text import TOO_DEEP, StrictDecoder, not_json, not_utf8, too_deep

__all__ = ["StrictJSON"]

_SURROGATE = "expected text, found a lone surrogate (half of an escaped pair)"
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class StrictJSON(StrictDecoder):
    """Turns JSON texts into rows.

    >>> StrictJSON().line("a.jsonl", 1, b'{"prompt": "2+2?"}').value
    {'prompt': '2+2?'}
    >>> str(StrictJSON().line("a.jsonl", 2, b'{"a": 1, "a": 2}').error)
    "a.jsonl:2: expected each key once in an object, found 'a' twice"
    """

    def line(self, file: str, number: int, line: bytes) -> Row:
        """The row of a line of JSON Lines."""
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            return bad_row(file, number, not_utf8(error, f"byte {error.start + 1} of the line"))
        if not text.strip(" \t\r"):
            return bad_row(file, number, "expected an object, found an empty line")
        try:
            value = self.decoder.decode(text)
        except RecursionError:
            self.faults.clear()
            return bad_row(file, number, TOO_DEEP)
        except json.JSONDecodeError as error:
            self.faults.clear()
            return bad_row(file, number, not_json(error))
        return self.row(file, number, value, text)

    def row(self, file: str, number: int, value: object, text: str) -> Row:
        """The row of a decoded value; ``text`` is its source."""
        if faults := self.taken_faults():
            return bad_row(file, number, faults[0])
        if not isinstance(value, dict):
            value = as_row(value)
        if not isinstance(value, dict):
            return bad_row(file, number, f"expected an object, found {describe(value)}")
        if too_deep(value, text):
            return bad_row(file, number, TOO_DEEP)
        if _SURROGATE_ESCAPE.search(text) and (field := _find_surrogate(value)) is not None:
            return bad_row(file, number, _SURROGATE, field.path)
        return Row(file, number, value)


def _find_surrogate(row: dict[str, Any]) -> Field | None:
    fields = [Field(row)]
    while fields:
        field = fields.pop()
        match field.value:
            case str() as text if any("\ud800" <= char <= "\udfff" for char in text):
                return field
            case dict() as members:
                for key in members:
                    if any("\ud800" <= char <= "\udfff" for char in key):
                        return field
                fields += [Field(item, f".{key}", field) for key, item in members.items()]
            case list() as items:
                fields += [Field(item, f"[{index}]", field) for index, item in enumerate(items)]
    return None
