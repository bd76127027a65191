"""Which conversations a template takes."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import Message
from preparing import TOOL, call, refused, rewrite, turns


def calling(number: int, content: str = "") -> Message:
    return Message(role="assistant", content=content, tool_calls=(call(),) * number)


EMPTY = Message(role="assistant")
TAKEN: list[tuple[dict[str, Any], tuple[str | Message, ...]]] = [
    ({}, ("system: a", calling(3, "x"), EMPTY, "tool: ")),
    ({"system": False}, ("user: a",)),
    ({"first": ["system", "x"]}, ("x: a", "user: b", "tool: c")),
    ({"first": ["system"]}, ()),
    ({"alternate": True}, ()),
    ({"alternate": True}, ("system: a", "user: b", "assistant: c", "user: d")),
    ({"alternate": True}, ("user: b", "assistant: c")),
    ({"calls": 1}, (calling(1), calling(0, "x"))),
    ({"text_with_calls": False}, (calling(1), "assistant: a")),
    ({"empty_answers": False}, ("user: ", calling(1), "assistant: a")),
]
REFUSED: list[tuple[dict[str, Any], tuple[str | Message, ...], int, str, str]] = [
    (
        {"system": False},
        ("user: a", "system: b"),
        *(1, "role", "the template takes no system message"),
    ),
    (
        {"first": ["system", "x"]},
        ("system: a", "x: b"),
        *(1, "role", "the template takes the role x only at the start"),
    ),
    (
        {"calls": 1},
        (calling(1), calling(2)),
        *(1, "tool_calls", "tool calls in a message: the template takes 1, found 2"),
    ),
    (
        {"text_with_calls": False},
        (calling(1, "x"),),
        *(0, "content", "the template takes no text beside tool calls"),
    ),
    (
        {"empty_answers": False},
        ("user: ", EMPTY),
        *(1, "content", "the template takes no answer without text"),
    ),
    (
        {"alternate": True},
        ("system: a", "user: b", "user: c"),
        2,
        "role",
        "the template expects assistant here, because these two take turns; found user",
    ),
    (
        {"alternate": True},
        ("assistant: b",),
        0,
        "role",
        "the template expects user here, because these two take turns; found assistant",
    ),
    (
        {"alternate": True},
        ("user: b", "assistant: c", "system: d"),
        2,
        "role",
        "the template expects user here, because these two take turns; found system",
    ),
]


@pytest.mark.parametrize(("options", "given"), TAKEN)
def test_what_is_taken_stays_as_it_is(
    options: dict[str, Any], given: tuple[str | Message, ...]
) -> None:
    prepared = rewrite([{"word": "order", **options}], *given)
    assert (prepared.messages, prepared.changes) == (turns(*given), ())


@pytest.mark.parametrize(("options", "given", "message", "field", "reason"), REFUSED)
def test_what_is_refused(
    options: dict[str, Any],
    given: tuple[str | Message, ...],
    message: int,
    field: str,
    reason: str,
) -> None:
    error = refused([{"word": "order", **options}], *given)
    assert (error.message, error.field, error.reason) == (message, field, reason)


def test_definitions_are_refused_where_there_is_no_place_for_them() -> None:
    words = [{"word": "order", "tools": False}]
    error = refused(words, "user: a", tools=[TOOL])
    assert error.reason == "the format has no place for definitions of tools"
    assert error.message is None
    assert rewrite(words, "user: a").messages == turns("user: a")
