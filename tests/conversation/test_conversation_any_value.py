"""Anything may be given as a conversation: it is read and written as it is, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from chatfmt import ChatfmtError, Conversation, Message, ToolCall
from odd_values import damaged

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {"a": {"enum": [1]}}}}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": [1]}}}
MESSAGE = {
    "role": "assistant",
    "content": [{"type": "text", "text": "hi"}],
    "reasoning_content": "r",
    "tool_calls": [CALL],
    "weight": 1,
}
CHAT = {
    "messages": [MESSAGE, {"role": "tool", "tool_call_id": "1", "content": None}],
    "tools": [{"type": "function", "function": FUNCTION}],
    "metadata": {"a": [1]},
}


@pytest.mark.parametrize(
    ("valid", "read"),
    [
        (CHAT, Conversation.model_validate),
        (MESSAGE, Message.model_validate),
        (CALL, ToolCall.model_validate),
        (CALL["function"], ToolCall.model_validate),
    ],
    ids=["conversation", "message", "call", "function"],
)
def test_any_value_anywhere_is_read_or_refused(valid: Any, read: Callable[[Any], Any]) -> None:
    refused = 0
    for value in damaged(valid):
        try:
            found = read(value)
        except ValidationError:
            refused += 1
            continue
        assert read(dict(found.__dict__)) == found
    assert refused


def test_tools_are_json_or_refused() -> None:
    kept = 0
    for tools in damaged(CHAT["tools"]):
        try:
            chat = Conversation(tools=tools)
        except ValidationError:
            continue
        if "e" + "0" * 4999 not in (dumped := chat.model_dump_json()) and len(dumped) < 4000:
            assert Conversation.model_validate_json(dumped) == chat
            kept += 1
    assert kept


def test_tools_that_contain_themselves_or_are_too_deep() -> None:
    tools: list[Any] = [{}]
    tools[0]["again"] = [tools, tools]
    with pytest.raises(ValidationError, match="expected at most 200 levels of nesting, found more"):
        Conversation(tools=tools)  # type: ignore[arg-type]


def test_tools_may_share_their_parts() -> None:
    """Each is looked at once for a depth, not once for each of the 2**100 ways to it."""
    schema: dict[str, Any] = {}
    for _ in range(100):
        schema = {"a": schema, "b": schema}
    assert Conversation(tools=({"name": "f", "parameters": schema},)).tools[0]["name"] == "f"


def test_metadata_may_contain_itself() -> None:
    metadata: dict[str, Any] = {}
    metadata["again"] = [metadata, metadata]
    assert Conversation(metadata=metadata).metadata["again"][0]["again"][1] is not None


@pytest.mark.parametrize("tools", [[1], [{"name": "f"}]])
def test_an_iterator_of_tools_is_not_used_up_without_a_word(tools: list[Any]) -> None:
    with pytest.raises(ValidationError, match="expected a list, found a list_iterator"):
        Conversation(
            messages=[{"role": "user", "content": None}],  # type: ignore[arg-type] # read twice
            tools=iter(tools),  # type: ignore[arg-type]
        )


def test_a_key_of_a_tool_that_is_no_text() -> None:
    with pytest.raises(ValidationError) as caught:
        Conversation(tools=({"function": {1: 2}},))
    [error] = caught.value.errors()
    assert error["loc"] == ("tools", 0, "function")
    assert error["msg"] == "expected text as the key of each member, found the number 1"


def test_what_chatfmt_writes_as_openai_is_read_again() -> None:
    written = 0
    for value in damaged(CHAT):
        try:
            chat = Conversation.model_validate(value)
            dicts = chat.to_openai()
        except (ChatfmtError, ValidationError):
            continue
        again = Conversation.model_validate(dicts)
        assert (again.messages, again.tools) == (chat.messages, chat.tools)
        written += 1
    assert written
