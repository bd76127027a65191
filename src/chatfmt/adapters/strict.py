"""JSON to rows, with nothing let pass that JSON leaves open."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from chatfmt.adapters.fields import Field, describe, shown
from chatfmt.adapters.rows import Row, bad_row

__all__ = ["TOO_DEEP", "StrictJSON", "not_utf8", "twice"]

_MAX_NESTING = 200  # brackets inside brackets; the same for every caller, however deep its stack
TOO_DEEP = f"expected at most {_MAX_NESTING} levels of nesting, found more"
_SURROGATE = "expected text, found a lone surrogate (half of an escaped pair)"
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class StrictJSON:
    """A JSON decoder that notes what JSON does not allow but Python's decoder lets pass.

    >>> StrictJSON().line("a.jsonl", 1, b'{"prompt": "2+2?"}').value
    {'prompt': '2+2?'}
    >>> str(StrictJSON().line("a.jsonl", 2, b'{"a": 1, "a": 2}').error)
    "a.jsonl:2: expected each key once in an object, found 'a' twice"
    """

    def __init__(self) -> None:
        # Noted, not raised: the decoder goes on, so that the next row can be found.
        self.faults: list[str] = []
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_float=self._float,
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            self._note(twice(pairs))
        return members

    def _note(self, fault: str) -> None:
        if not self.faults:  # the first one is reported
            self.faults.append(fault)

    def _constant(self, name: str) -> None:
        self._note(f"expected JSON, found the constant {name}")

    def _float(self, text: str) -> float:
        value = float(text)
        if math.isinf(value):
            self._note(f"expected a number that fits a double, found {text}")
        return value

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
        except ValueError as error:
            self.faults.clear()
            return bad_row(file, number, _not_json(error))
        return self.row(file, number, value, text)

    def row(self, file: str, number: int, value: object, text: str) -> Row:
        """The row of a decoded value; text is what it was decoded from."""
        faults, self.faults = self.faults, []
        if faults:
            return bad_row(file, number, faults[0])
        if not isinstance(value, dict):
            return bad_row(file, number, f"expected an object, found {describe(value)}")
        if text.count("[") + text.count("{") > _MAX_NESTING and _nesting(value) > _MAX_NESTING:
            return bad_row(file, number, TOO_DEEP)
        if _SURROGATE_ESCAPE.search(text) and (field := _find_surrogate(value)) is not None:
            return bad_row(file, number, _SURROGATE, field.path)
        return Row(file, number, value)


def twice(pairs: list[tuple[str, Any]]) -> str:
    """What to say of an object in which a key stands twice.

    >>> twice([("a", 1), ("b", 2), ("b", 3), ("a", 4)])
    "expected each key once in an object, found 'a' twice"
    """
    count = Counter(key for key, _ in pairs)  # in the order of the keys
    key = next(key for key, times in count.items() if times > 1)
    return f"expected each key once in an object, found {shown(key)} twice"


def not_utf8(error: UnicodeDecodeError, where: str) -> str:
    """What to say of bytes that are no UTF-8."""
    return f"expected UTF-8, found byte 0x{error.object[error.start]:02x} at {where}"


def _not_json(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        hint = "a byte order mark" if error.doc.startswith("\ufeff") else error.msg
        return f"expected JSON, found at character {error.pos + 1}: {hint}"
    return f"expected JSON, found {error}"  # a number with too many digits


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _nesting(value: object) -> int:
    level, depth = [value], 0
    while level:
        depth += any(isinstance(item, dict | list) for item in level)
        level = [child for item in level for child in _children(item)]
    return depth


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
