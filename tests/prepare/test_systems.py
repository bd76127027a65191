"""The system message, and messages at the start."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from preparing import TOOL, refused, rewrite, said

GIVEN, EMPTY, NONE = (("system: Be.", "user: a"), ("system: ", "user: a"), ("user: a",))
AROUND = {
    "default": "D",
    "default_with_tools": "DT",
    "before": "<",
    "before_with_tools": "<T",
    "after": ">",
    "after_with_tools": "T>",
}


@pytest.mark.parametrize(
    ("options", "given", "first"),
    [
        ({}, GIVEN, "system: Be."),
        ({}, NONE, "user: a"),
        ({}, (), None),
        ({"default": "D"}, GIVEN, "system: Be."),
        ({"default": "D"}, NONE, "system: D"),
        ({"default": ""}, NONE, "system: "),
        ({"default": "D"}, (), "system: D"),
        ({"default": "D"}, EMPTY, "system: "),
        ({"default": "D", "empty": "default"}, EMPTY, "system: D"),
        ({"default": "D", "empty": "default"}, GIVEN, "system: Be."),
        ({"empty": "default"}, EMPTY, "user: a"),
        ({"default": "D", "empty": "drop"}, EMPTY, "user: a"),
        ({"default": "D", "empty": "drop"}, GIVEN, "system: Be."),
        ({"default": "D", "empty": "drop"}, NONE, "system: D"),
        ({"drop": True}, GIVEN, "user: a"),
        ({"drop": True}, EMPTY, "user: a"),
        (AROUND, GIVEN, "system: <Be.>"),
        (AROUND, EMPTY, "system: <>"),
        (AROUND, NONE, "system: D"),
        ({"role": "x", "before": "<"}, ("x: Be.", "user: a"), "x: <Be."),
        ({"role": "x", "before": "<"}, GIVEN, "system: Be."),
        ({"role": "x", "default": "D"}, GIVEN, "x: D"),
    ],
)
def test_system(options: dict[str, Any], given: tuple[str, ...], first: str | None) -> None:
    prepared = said(rewrite([{"word": "system", **options}], *given))
    assert prepared[:1] == ([] if first is None else [first])
    assert prepared[-1:] == [*given][-1:] or not given


def test_system_with_tools() -> None:
    words = [{"word": "system", **AROUND}]
    assert said(rewrite(words, *GIVEN, tools=[TOOL]))[0] == "system: <TBe.T>"
    assert said(rewrite(words, *NONE, tools=[TOOL]))[0] == "system: DT"
    plain = [{"word": "system", "default": "D", "before": "<", "after": ">"}]
    assert said(rewrite(plain, *GIVEN, tools=[TOOL]))[0] == "system: <Be.>"
    assert said(rewrite(plain, *NONE, tools=[TOOL]))[0] == "system: D"


def test_only_a_system_message_at_the_start_counts() -> None:
    assert said(rewrite([{"word": "system", "default": "D"}], "user: a", "system: b")) == [
        *("system: D", "user: a", "system: b")
    ]


def test_values_stand_in_what_the_template_says_not_in_what_was_given() -> None:
    words = [
        {"word": "system", "default": "{date:%Y}", "before": "{date:%d} ", "after": " {who}"}
        | {"values": {"date": None, "who": "me"}}
    ]
    values = {"date": dt.date(2025, 1, 2)}
    assert said(rewrite(words, values=values)) == ["system: 2025"]
    assert said(rewrite(words, "system: {who}", values=values)) == ["system: 02 {who} me"]
    assert said(rewrite(words, "system: ", values={**values, "who": "you"})) == ["system: 02  you"]


FOLDED = ("system: Be.", "user: a", "assistant: b", "user: c")


@pytest.mark.parametrize(
    ("options", "given", "expected"),
    [
        ({"into": "first"}, FOLDED, ["user: Be.\n\na", "assistant: b", "user: c"]),
        ({"into": "last"}, FOLDED, ["user: a", "assistant: b", "user: Be.\n\nc"]),
        ({"into": "first", "between": ""}, FOLDED[:2], ["user: Be.a"]),
        ({"into": "first"}, EMPTY, ["user: \n\na"]),
        ({"into": "first", "drop_empty": True}, EMPTY, ["user: a"]),
        ({"into": "first", "drop_empty": True}, ("system: ",), []),
        ({"into": "first", "drop_empty": True}, FOLDED[:2], ["user: Be.\n\na"]),
        ({"into": "last"}, (), []),
        ({"into": "last"}, NONE, ["user: a"]),
    ],
)
def test_fold(options: dict[str, Any], given: tuple[str, ...], expected: list[str]) -> None:
    assert said(rewrite([{"word": "fold", **options}], *given)) == expected


@pytest.mark.parametrize("into", ["first", "last"])
def test_fold_needs_a_user(into: str) -> None:
    error = refused([{"word": "fold", "into": into}], "system: Be.", "assistant: b")
    assert error.message == 0
    assert error.reason == "expected a user message to hold this one"


@pytest.mark.parametrize(
    ("after_system", "given", "expected"),
    [
        (False, GIVEN, ["x: {n} 1", *GIVEN]),
        (True, GIVEN, [GIVEN[0], "x: {n} 1", GIVEN[1]]),
        (True, NONE, ["x: {n} 1", *NONE]),
        (True, (), ["x: {n} 1"]),
    ],
)
def test_insert(after_system: bool, given: tuple[str, ...], expected: list[str]) -> None:  # noqa: FBT001 - a parameter
    word = {"word": "insert", "role": "x", "content": "{n} {v}", "values": {"v": "0"}}
    words = [{**word, "after_system": after_system}]
    assert said(rewrite(words, *given, values={"v": "1"})) == expected
