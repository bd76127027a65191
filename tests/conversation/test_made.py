"""Messages made without validation equal those that validation makes."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from chatfmt import Conversation, Message, ToolCall
from chatfmt.conversation.made import conversation_of, message_of

CALL = ToolCall(name="f", arguments="{}", id="c1")
FIELDS: list[dict[str, Any]] = [
    {"role": "user"},
    {"content": "hello", "role": "user"},
    {"role": "assistant", "reasoning": "", "tool_calls": (CALL,), "content": "\N{BUG}"},
    {
        "role": "tool",
        "name": "n",
        "recipient": "r",
        "channel": "c",
        "content_type": "t",
        "tools": "[]",
        "call_id": "c1",
    },
]


def _all_of(record: Conversation | Message) -> tuple[Any, ...]:
    """All that a model has, in its order."""
    return (
        repr(record),
        [*vars(record).items()],
        record.model_fields_set,
        record.model_extra,
        record.model_dump_json(),
        record.model_dump_json(exclude_unset=True),
        [*vars(pickle.loads(pickle.dumps(record))).items()],
    )


@pytest.mark.parametrize("fields", FIELDS)
def test_a_message_is_what_validation_makes(fields: dict[str, Any]) -> None:
    made, validated = message_of(fields), Message(**fields)
    assert made == validated
    assert hash(made) == hash(validated)
    assert _all_of(made) == _all_of(validated)


def test_a_conversation_is_what_validation_makes() -> None:
    messages = [message_of(fields) for fields in FIELDS]
    made, validated = conversation_of(messages), Conversation(messages=(*messages,))
    assert made == validated
    assert _all_of(made) == _all_of(validated)
    assert vars(made)["metadata"] is not vars(conversation_of(messages))["metadata"]


def test_they_are_frozen_and_copied_as_others_are() -> None:
    made = message_of({"role": "user", "content": "hello"})
    with pytest.raises(ValueError, match="frozen"):
        made.content = "bye"
    assert made.model_copy(update={"content": "bye"}) == Message(role="user", content="bye")
    assert made.model_fields_set == {"role", "content"}
