"""Refusals of a message that has a line, and their place."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import Message, RenderError, ToolCall
from letters import ids_of, row

USER = "<s>user<m>{content}<e>"


def calling(item: str) -> Any:
    return row({"user": USER, "assistant": f"<s>ai<m>{{^}}{{content}}[<z>{item}]*<e>"})


@pytest.mark.parametrize("item", ["{call:json n, a}", "{call.name}<m>{call.arguments:object}"])
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("", "call 1, offset 0: expected "),
        ("[1]", "call 1, offset 0: expected "),
        ('{"a": }', "call 1, offset 6: expected "),
    ],
)
def test_arguments_that_are_no_object(item: str, arguments: str, reason: str) -> None:
    calls = (ToolCall(name="f", arguments="{}"), ToolCall(name="g", arguments=arguments))
    with pytest.raises(RenderError) as error:
        calling(item).encode([Message(role="assistant", tool_calls=calls)])
    found = error.value
    assert found.reason.replace("call 1: ", "call 1, ").startswith(reason)
    assert (found.message, found.field) == (0, "tool_calls")


def test_a_string_that_is_no_text() -> None:
    tok = row({"user": USER, "tool": "<s>tool<m>{content:json}<e>"})
    unchecked = Message(role="tool").model_copy(update={"content": "a\ud800"})
    with pytest.raises(RenderError) as error:
        tok.encode([unchecked])
    assert "half of a surrogate pair" in error.value.reason
    assert (error.value.message, error.value.field) == (0, "content")


def test_a_prompt_that_needs_what_nobody_gives() -> None:
    tok = row({"assistant": "<s>ai to {recipient}<m>{^}{content}<e>"})
    with pytest.raises(RenderError) as error:
        tok.encode_prompt([])
    assert error.value.reason == "the format needs the field recipient in each message"
    assert error.value.field == "recipient"


def test_the_role_is_written_as_it_is_spelled() -> None:
    tok = row("<s>{role}<m>{content}<e>", roles={"user": "human", "assistant": "bot"})
    assert tok.encode([Message(role="user", content="x")]) == ids_of("<s>human<m>x<e>")
    assert tok.encode_prompt([]) == ids_of("<s>bot<m>")
