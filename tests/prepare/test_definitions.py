"""The place of tool definitions, and the ids of calls."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import Message
from preparing import TOOL, call, refused, rewrite, said

SHORT = {"function": True}
TEXT = '{"name": "f", "description": "é"}'
CHAT = ("system: Be.", "user: a", "assistant: b", "user: c")


def with_tools(options: dict[str, Any], *given: str) -> list[tuple[str, str | None]]:
    words = [{"word": "tools", "spelling": SHORT, **options}]
    prepared = rewrite(words, *given, tools=[TOOL])
    return [(text, m.tools) for text, m in zip(said(prepared), prepared.messages, strict=True)]


@pytest.mark.parametrize(
    ("options", "given", "at", "expected"),
    [
        ({"into": "system"}, CHAT, 0, "system: Be."),
        ({"into": "system"}, CHAT[1:], 0, "system: "),
        ({"into": "system"}, (), 0, "system: "),
        ({"into": "system", "role": "x"}, CHAT, 0, "x: "),
        ({"into": "system", "role": "x"}, ("x: Be.", "user: a"), 0, "x: Be."),
        ({"into": "first_user"}, CHAT, 1, "user: a"),
        ({"into": "last_user"}, CHAT, 3, "user: c"),
        ({"into": "message"}, CHAT, 0, "system: "),
        ({"into": "message", "role": "x"}, CHAT, 0, "x: "),
        ({"into": "message", "role": "x", "after_system": True}, CHAT, 1, "x: "),
        ({"into": "message", "role": "x", "after_system": True}, CHAT[1:], 0, "x: "),
        ({"into": "message", "role": "x", "after_system": True}, (), 0, "x: "),
        ({"into": "inserted", "role": "user"}, CHAT, 1, "user: a"),
    ],
)
def test_where_they_go(
    options: dict[str, Any], given: tuple[str, ...], at: int, expected: str
) -> None:
    found = with_tools(options, *given)
    assert found[at] == (expected, TEXT)
    others = found[:at] + found[at + 1 :]
    assert all(tools is None for _, tools in others)
    is_new = len(found) > len(given)
    assert [text for text, _ in (others if is_new else found)] == [*given]


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, f"system: {TEXT}Be."),
        ({"before": "<", "after": ">", "between": ";"}, f"system: <{TEXT}>;Be."),
        ({"place": "after", "before": "<", "after": ">", "between": ";"}, f"system: Be.;<{TEXT}>"),
    ],
)
def test_in_a_content(options: dict[str, Any], first: str) -> None:
    options = {"into": "system", "field": "content", **options}
    found = with_tools(options, *CHAT)
    assert found == [(first, None), *((text, None) for text in CHAT[1:])]
    alone = f"system: {options.get('before', '')}{TEXT}{options.get('after', '')}"
    assert with_tools(options, "user: a") == [(alone, None), ("user: a", None)]


def test_without_tools_nothing_changes() -> None:
    words = [{"word": "tools", "into": "message"}]
    assert rewrite(words, *CHAT).changes == ()
    assert rewrite(words, *CHAT, tools=[]).changes == ()


def test_what_is_no_function_is_refused() -> None:
    words = [{"word": "tools", "into": "system", "spelling": {"kind": "typescript"}}]
    error = refused(words, "user: a", tools=[{"name": 1}])
    assert error.reason == "tools[0].name: expected the name of a tool, found the number 1"


def test_what_the_spelling_cannot_say_is_refused() -> None:
    words = [{"word": "tools", "into": "system", "spelling": {"kind": "typescript"}}]
    schema = {"type": "object", "properties": {"x": {"type": "integer", "default": 10**400}}}
    error = refused(words, "user: a", tools=[{"name": "f", "parameters": schema}])
    assert error.reason == "expected a number that 64 bits can hold, found a larger one"


@pytest.mark.parametrize("into", ["first_user", "last_user"])
def test_a_user_is_needed_where_they_go_there(into: str) -> None:
    error = refused([{"word": "tools", "into": into}], "assistant: a", tools=[TOOL])
    assert error.message is None
    assert error.reason == "expected a user message to hold the tools, found none"


CALLS = [{"word": "calls", "ids": "functions.{name}:{n}"}]


def calling(*names: str, ids: tuple[str | None, ...] | None = None) -> Message:
    made = zip(names, ids or [None] * len(names), strict=True)
    return Message(role="assistant", tool_calls=tuple(call(name, given) for name, given in made))


def result(call_id: str | None = None, name: str | None = None) -> Message:
    return Message(role="tool", content="r", call_id=call_id, name=name)


def ids(*given: str | Message) -> list[Any]:
    """The ids of calls, and of results with the name of what they answer."""
    return [
        [made.id for made in m.tool_calls] if m.tool_calls else (m.call_id, m.name)
        for m in rewrite(CALLS, *given).messages
        if m.role != "user"
    ]


def test_calls_are_counted_over_the_whole_conversation() -> None:
    chat = (
        *("user: a", calling("f", "g", ids=("x", "y")), result("y"), result("x")),
        *(calling("f", ids=("x",)), result("x", name="other")),
    )
    assert ids(*chat) == [
        ["functions.f:0", "functions.g:1"],
        ("functions.g:1", "g"),
        ("functions.f:0", "f"),
        ["functions.f:2"],
        ("functions.f:2", "f"),
    ]


def test_a_result_without_an_id_answers_the_next_call() -> None:
    chat = (calling("f", "g"), result(), result())
    assert ids(*chat)[1:] == [("functions.f:0", "f"), ("functions.g:1", "g")]


def test_a_result_without_an_id_answers_the_next_call_of_its_name() -> None:
    chat = (calling("f", "g", "f"), result(name="g"), result(name="f"), result(name="f"))
    assert ids(*chat)[1:] == [
        ("functions.g:1", "g"),
        ("functions.f:0", "f"),
        ("functions.f:2", "f"),
    ]


def test_names_that_spell_places_are_names() -> None:
    assert ids(calling("{n}"), result()) == [["functions.{n}:0"], ("functions.{n}:0", "{n}")]


@pytest.mark.parametrize(
    ("chat", "found"),
    [
        ((result(),), "no call is left"),
        ((calling("f"), result(), result()), "no call is left"),
        ((calling("f"), result(name="g")), "no call of 'g' is left"),
        ((calling("f", ids=("x",)), result("y")), "found the id 'y'"),
        ((calling("f"), result("0")), "found the id '0'"),
        ((calling("f", ids=("x",)), calling("g", ids=("y",)), result("x")), "found the id 'x'"),
        ((calling("f", ids=("x",)), result("x"), result("x")), "found the id 'x'"),
    ],
)
def test_a_result_that_answers_no_call(chat: tuple[Message, ...], found: str) -> None:
    error = refused(CALLS, *chat)
    assert error.reason == f"expected the result of a call before it; {found}"
    assert (error.message, error.field) == (len(chat) - 1, "call_id")
