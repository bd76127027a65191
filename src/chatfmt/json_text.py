"""The only reader of JSON from outside, which refuses everything that JSON leaves undefined."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from chatfmt.errors import DataError, shown

__all__ = ["MAX_NESTING", "TOO_DEEP", "StrictDecoder", "loads", "not_json", "not_utf8", "too_deep"]

MAX_NESTING = 200  # nested brackets; the same limit for every caller, however deep its stack
TOO_DEEP = f"expected at most {MAX_NESTING} levels of nesting, found more"


class StrictDecoder:
    """A JSON decoder that notes what Python's decoder accepts although JSON does not allow it.

    >>> strict = StrictDecoder()
    >>> strict.decoder.decode('{"a": 1, "a": 2}')
    {'a': 2}
    >>> strict.taken_faults()
    ["expected each key once in an object, found 'a' twice"]
    """

    def __init__(self) -> None:
        # Noted, not raised: decoding continues, so that the next row of a file can be found.
        self.faults: list[str] = []
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_float=self._float,
            parse_int=self._integer,
        )

    def taken_faults(self) -> list[str]:
        """Return what has been noted so far, and forget it."""
        faults, self.faults = self.faults, []
        return faults

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            count = Counter(key for key, _ in pairs)  # in the order of the keys
            twice = next(key for key, times in count.items() if times > 1)
            self.note(f"expected each key once in an object, found {shown(twice)} twice")
        return members

    def note(self, fault: str) -> None:
        """Remember an error in the text being read."""
        if not self.faults:  # only the first is reported
            self.faults.append(fault)

    def _constant(self, name: str) -> None:
        self.note(f"expected JSON, found the constant {name}")

    def _float(self, text: str) -> float:
        value = float(text)
        if math.isinf(value):
            self.note(f"expected a number that fits a double, found {text[:40]}")
        return value

    def _integer(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:  # Python's limit, without which it would take quadratic time
            digits = len(text.removeprefix("-"))
            self.note(f"expected a whole number of fewer digits, found one of {digits:,}")
            return 0


def loads(data: bytes | str) -> Any:  # noqa: ANN401 - any JSON value
    r"""The value of a JSON text.

    Raises:
        DataError: it is not UTF-8 or not JSON; or a key appears twice in an object, a number is NaN
            or does not fit a double, or the nesting is deeper than 200 levels. `line` is the line
            in the text, if known.

    >>> loads('{"a": [1, 2]}')
    {'a': [1, 2]}
    >>> loads('{"a":\n 1, "a": 2}')
    Traceback (most recent call last):
        ...
    chatfmt.errors.DataError: expected each key once in an object, found 'a' twice
    """
    text = data if isinstance(data, str) else _decoded(data)
    strict = StrictDecoder()
    try:
        # Without the line end, or an error at the end would be reported on the next line.
        value = strict.decoder.decode(text.rstrip(" \t\r\n"))
    except json.JSONDecodeError as error:
        if not text.strip():
            raise DataError("expected JSON, found nothing") from None
        reason = not_json(error, f"{error.colno} of the line")
        raise DataError(reason, line=error.lineno) from None
    except RecursionError:
        raise DataError(TOO_DEEP) from None
    for fault in strict.faults:
        raise DataError(fault)
    if too_deep(value, text):
        raise DataError(TOO_DEEP)
    return value


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        at = error.start - data.rfind(b"\n", 0, error.start)
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(not_utf8(error, f"byte {at} of the line"), line=line) from None


def not_utf8(error: UnicodeDecodeError, where: str) -> str:
    """The error for invalid UTF-8."""
    return f"expected UTF-8, found byte 0x{error.object[error.start]:02x} at {where}"


def not_json(error: json.JSONDecodeError, where: str | None = None) -> str:
    """The error for text that Python's decoder cannot read."""
    hint = "a byte order mark" if error.doc.startswith("\ufeff") else error.msg
    return f"expected JSON, found at character {where or error.pos + 1}: {hint}"


def too_deep(value: object, text: str) -> bool:
    """Whether a value is nested more deeply than allowed; ``text`` is its source."""
    return text.count("[") + text.count("{") > MAX_NESTING and _nesting(value) > MAX_NESTING


def _nesting(value: object) -> int:
    level, depth = [value], 0
    while level:
        depth += any(isinstance(item, dict | list) for item in level)
        level = [child for item in level for child in _children(item)]
    return depth


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
