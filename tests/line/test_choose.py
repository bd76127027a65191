"""Which line of its role a message is written in, and which of its parts are written there."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import Conversation, Message, RenderError, ToolCall
from chatfmt.line.choose import is_there, mismatch, on_wire
from letters import ids_of, row

CALL = ToolCall(name="f", arguments="{}", id="c")
SEVERAL = {
    "system": ["<s>system<m>{content}<e>", "<s>system<z>{tools}<m>{content}<e>"],
    "user": "<s>user[ {name}]<m>{content}<e>",
    "assistant": [
        "<s>ai{^} {channel=final}<m>{content}<e>",
        "<s>ai{^} {channel=thought}<z>{reasoning}<m>{content}<e>",
        "<s>ai{^}<m>{content}[<z>{call.name}<m>{call.arguments}]*<e>",
    ],
    "tool": "<s>tool<m>{content}<e>",
}


def test_what_a_message_has() -> None:
    empty = Message(role="user", name="", reasoning="")
    assert is_there(empty, "role")
    assert is_there(empty, "name")  # empty, but there
    assert is_there(empty, "reasoning")
    assert not is_there(empty, "channel")
    assert not is_there(empty, "content")
    assert is_there(Message(role="user", content="x"), "content")


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ({"role": "system", "content": "x"}, "<s>system<m>x<e>"),
        ({"role": "system", "content": "x", "tools": ""}, "<s>system<z><m>x<e>"),
        ({"role": "user"}, "<s>user<m><e>"),
        ({"role": "user", "name": "Ann"}, "<s>user Ann<m><e>"),
        ({"role": "assistant", "channel": "final", "content": "x"}, "<s>ai final<m>x<e>"),
        ({"role": "assistant", "channel": "thought", "reasoning": "x"}, "<s>ai thought<z>x<m><e>"),
        ({"role": "assistant", "tool_calls": [CALL]}, "<s>ai<m><z>f<m>{}<e>"),
    ],
)
def test_the_first_line_that_is_for_it(message: dict[str, Any], written: str) -> None:
    tok = row(SEVERAL)
    assert tok.encode([message]) == ids_of(written)
    chat = Conversation.model_validate({"messages": [message]})
    assert tok.decode(ids_of(written)) == tok.format.on_wire(chat)


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ({"role": "tool", "content": "x"}, "<s>tool<m>x<e>"),
        ({"role": "tool", "content": "x", "name": "f"}, "<s>tool f<m>x<e>"),
        ({"role": "tool", "content": "", "name": "f", "call_id": "c"}, "<s>tool f<z>c<m><e>"),
        ({"role": "tool", "content": "x", "name": "f", "call_id": "c"}, "<s>tool f<z>c<m>x<e>"),
        ({"role": "assistant", "tool_calls": [CALL]}, "<s>ai<z>c<m>f<z>{}<e>"),
        (
            {"role": "assistant", "tool_calls": [{"name": "f", "arguments": "{}"}]},
            "<s>ai<m>f<z>{}<e>",
        ),
    ],
)
def test_a_line_that_leaves_nothing_out_comes_first(message: dict[str, Any], written: str) -> None:
    """Though a line before it would write the message, too, without an annotation."""
    tok = row(
        {
            "tool": [
                "<s>tool<m>{content}<e>",
                "<s>tool {name}<m>{content}<e>",
                "<s>tool {name}<z>{call_id}<m>{content}<e>",
            ],
            "assistant": [
                "<s>ai{^}[<m>{call.name}<z>{call.arguments}]*<e>",
                "<s>ai{^}[<z>{call.id}<m>{call.name}<z>{call.arguments}]*<e>",
            ],
            "user": "<s>user<m>{content}<e>",
        }
    )
    for _ in range(2):  # the second time from what is remembered of frames
        assert tok.encode([message]) == ids_of(written)
        chat = Conversation.model_validate({"messages": [message]})
        assert tok.decode(ids_of(written)) == tok.format.on_wire(chat)


NO_CONTENT = (
    "the format has no place for the field content, found 'x'; leave it out or "
    "use a format that carries it"
)
NO_LINE = "no line of this role fits the message: "


@pytest.mark.parametrize(
    ("message", "reason", "field"),
    [
        (
            {"role": "assistant", "channel": "final", "reasoning": "x"},
            NO_LINE
            + "the format has no place for the field reasoning, found 'x'; leave it out or use a "
            "format that carries it; expected the channel 'thought', found 'final'; the format has "
            "no place for the field channel, found 'final'; leave it out or use a format that "
            "carries it",
            "reasoning",
        ),
        (
            {"role": "assistant", "channel": "thought", "content": "x"},
            NO_LINE
            + "expected the channel 'final', found 'thought'; the format needs the field reasoning "
            "in each message; the format has no place for the field channel, found 'thought'; "
            "leave it out "
            "or use a format that carries it",
            "channel",
        ),
        (
            {"role": "assistant"},
            NO_LINE
            + "the format needs the field channel in each message; the line is for messages that "
            "have tool calls",
            "channel",
        ),
        (
            {"role": "tool", "content": "x", "recipient": "y"},
            NO_CONTENT.replace("content", "recipient").replace("'x'", "'y'"),
            "recipient",
        ),
    ],
)
def test_a_message_that_no_line_is_for(message: dict[str, Any], reason: str, field: str) -> None:
    with pytest.raises(RenderError) as error:
        row(SEVERAL).encode([{"role": "user", "content": "a"}, message])
    found = error.value
    assert (found.reason, found.message, found.field) == (reason, 1, field)


def test_a_content_has_no_place_in_every_line() -> None:
    tok = row(
        {"system": ["<s>{content}<e>", "<s><m>{tools}<e>"], "assistant": "<z>{^}{content}<e>"}
    )
    [_, defines] = tok.format.lines_of["system"]
    message = Message(role="system", tools="", content="x")
    assert mismatch(defines, message) == (NO_CONTENT, "content")
    assert mismatch(defines, message.model_copy(update={"content": ""})) is None
    with pytest.raises(RenderError, match="no line of this role"):
        tok.encode([message])


def test_what_is_left_out_on_the_wire() -> None:
    lines = row(SEVERAL).format.lines_of
    result = Message(role="tool", name="f", content="1", call_id="c", weight=0.5)
    assert on_wire(lines["tool"], result) == Message(role="tool", content="1")
    said = Message(role="user", name="Ann", content="1")
    assert on_wire(lines["user"], said) is said
    calls = Message(role="assistant", tool_calls=(CALL, ToolCall(name="g", arguments="{}")))
    bare = (ToolCall(name="f", arguments="{}"), ToolCall(name="g", arguments="{}"))
    assert on_wire(lines["assistant"], calls) == Message(role="assistant", tool_calls=bare)
    nowhere = Message(role="narrator", call_id="c", tool_calls=(CALL,))
    assert on_wire((), nowhere) == Message(role="narrator", tool_calls=(CALL,))


@pytest.mark.parametrize(
    "item", ["{call.id}<m>{call.name}<m>{call.arguments}", "{call:json a, b, c}"]
)
def test_ids_of_calls_stay_where_the_line_has_them(item: str) -> None:
    tok = row({"assistant": f"<s>{{^}}{{content}}[<z>{item}]*<e>"})
    message = Message(role="assistant", tool_calls=(CALL,))
    assert on_wire(tok.format.lines_of["assistant"], message) is message
    assert tok.decode(tok.encode([message])).messages == (message,)


def test_the_id_of_the_answered_call_stays_where_the_line_has_it() -> None:
    tok = row({"tool": "<s>{call_id}<m>{content}<e>"})
    message = Message(role="tool", call_id="c1", content="1")
    assert tok.decode(tok.encode([message])).messages == (message,)
    with pytest.raises(RenderError) as error:
        tok.encode([Message(role="tool", content="1")])
    assert error.value.reason == "the format needs the field call_id in each message"
    assert error.value.field == "call_id"
