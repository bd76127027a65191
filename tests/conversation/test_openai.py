"""OpenAI's dicts: what is written reads back as the same conversation, or is refused by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from chatfmt.conversation import Conversation, Message, ToolCall
from chatfmt.conversation.harmony import join
from chatfmt.errors import DataError
from strategies import agent_conversations, harmony_conversations, openai_conversations


@given(openai_conversations())
@settings(deadline=None)
def test_reading_gives_the_same_conversation(conversation: Conversation) -> None:
    written = json.loads(json.dumps(conversation.to_openai()))
    assert Conversation.model_validate(written) == conversation


@given(agent_conversations())
@settings(deadline=None)
def test_what_agents_do_has_a_place(conversation: Conversation) -> None:
    assert Conversation.model_validate(conversation.to_openai()) == conversation


@given(harmony_conversations())
@settings(deadline=None)
def test_harmony_is_joined(conversation: Conversation) -> None:
    again = Conversation.model_validate(conversation.to_openai())
    assert again == Conversation(messages=join(conversation.messages))


def test_a_conversation_by_hand() -> None:
    call = ToolCall(name="f", arguments='{"x":  1}', id="c1")
    tool = {"type": "function", "function": {"name": "f"}}
    conversation = Conversation(
        messages=(
            Message(role="user", content="a", name="ann", weight=0.0),
            Message(role="assistant", reasoning="hm", tool_calls=(call, call), weight=0.5),
            Message(role="tool", content="", call_id="c1"),
            Message(role="tool", content="2", name="f"),
            Message(role="assistant"),
        ),
        tools=(tool,),
        metadata={"source": "here"},
    )
    function = {"name": "f", "arguments": '{"x":  1}'}
    made = {"id": "c1", "type": "function", "function": function}
    written = conversation.to_openai()
    assert written == {
        "messages": [
            {"role": "user", "content": "a", "name": "ann", "weight": 0},
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "hm",
                "tool_calls": [made, made],
                "weight": 0.5,
            },
            {"role": "tool", "content": "", "tool_call_id": "c1"},
            {"role": "tool", "content": "2", "name": "f"},
            {"role": "assistant", "content": ""},
        ],
        "tools": [tool],
    }
    assert Conversation().to_openai() == {"messages": []}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"role": "critic"},
            "role: OpenAI's JSON has no place for it in a message of role 'critic'",
        ),
        ({"role": "assistant", "content_type": "json"}, "content_type: OpenAI's JSON has no place"),
        ({"role": "assistant", "tools": "[]"}, "tools: OpenAI's JSON has no place for it"),
        ({"role": "assistant", "call_id": "c"}, "call_id: OpenAI's JSON has no place for it"),
        ({"role": "user", "reasoning": "a"}, "reasoning: OpenAI's JSON has no place for it"),
        ({"role": "user", "channel": "final"}, "channel: OpenAI's JSON has no place for it"),
        ({"role": "user", "recipient": "a"}, "recipient: OpenAI's JSON has no place for it"),
        (
            {"role": "tool", "tool_calls": [{"name": "f", "arguments": "{}"}]},
            "tool_calls: OpenAI's JSON has no place for it in a message of role 'tool'",
        ),
    ],
)
def test_what_has_no_place(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError) as caught:
        Conversation(messages=({"role": "user"}, fields)).to_openai()  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"messages[1].{reason}")
