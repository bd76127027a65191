"""JSON from outside: what JSON leaves undefined is refused, with its line where known."""

# ruff: noqa: E501 - a case a line

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from chatfmt.errors import DataError
from chatfmt.json_text import loads
from strategies import json_values

REFUSED = {
    "nothing": ("", "expected JSON, found nothing", None),
    "white space": (" \n", "expected JSON, found nothing", None),
    "broken": ('{"a":\n 1,}', "expected JSON, found at character 4 of the line: Expecting", 2),
    "a mark": ("\ufeff{}", "expected JSON, found at character 1 of the line: a byte order mark", 1),
    "a constant": ("[NaN]", "expected JSON, found the constant NaN", None),
    "a large float": ("[1e999]", "expected a number that fits a double, found 1e999", None),
    "a large integer": ("1" * 5000, "expected a whole number of fewer digits, found one of 5,000", None),
    "a key twice": ('{"a": 1, "b": 2, "a": 3}', "expected each key once in an object, found 'a'", None),
    "deep": ("[" * 201 + "]" * 201, "expected at most 200 levels of nesting, found more", None),
    "deeper": ("[" * 100_000, "expected at most 200 levels of nesting, found more", None),
    "a long float": ("1" * 100 + "e999", "expected a number that fits a double, found " + "1" * 40, None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason", "line"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(text: str, reason: str, line: int | None) -> None:
    for data in (text, text.encode()):
        with pytest.raises(DataError) as caught:
            loads(data)
        assert caught.value.reason.startswith(reason)
        assert len(caught.value.reason) < 200
        assert caught.value.line == line


def test_invalid_utf8_has_its_place() -> None:
    with pytest.raises(DataError) as caught:
        loads(b'{"a":\n "b\xff"}')
    assert caught.value.reason == "expected UTF-8, found byte 0xff at byte 4 of the line"
    assert caught.value.line == 2


@given(json_values())
def test_it_reads_what_was_written(value: Any) -> None:
    assert loads(json.dumps(value)) == value


def test_numbers_keep_their_kind() -> None:
    assert repr(loads("[1, 1.0, -1e-3]")) == "[1, 1.0, -0.001]"


def test_brackets_in_texts_are_no_levels() -> None:
    assert loads(json.dumps({"a": "[" * 300, "b": [{}]})) == {"a": "[" * 300, "b": [{}]}
