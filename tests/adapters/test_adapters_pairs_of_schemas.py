"""Conversations with calls, through every pair of schemas that can carry them, and back."""

from __future__ import annotations

import json
import random
from itertools import product

import pytest

from chatfmt.adapters import SCHEMAS, Options, read_row, write_row
from chatfmt.conversation import Conversation, Message, ToolCall

WRITTEN = [name for name, schema in SCHEMAS.items() if schema.write and name != "preference"]
_WORDS = ["tide", "Brest", "16:02", "é", "{}", '"', "\n", "<|im_end|>", "", "\\u00e9"]


def _text(chance: random.Random) -> str:
    return "".join(chance.choices(_WORDS, k=chance.randint(1, 4))) + "."


def _arguments(chance: random.Random) -> str:
    value = {_text(chance): chance.choice([1, None, [_text(chance)], {"a": 0.5}])}
    return json.dumps(value, indent=chance.choice([None, 1]), ensure_ascii=chance.random() < 0.5)


def _conversation(chance: random.Random) -> Conversation:
    messages = [Message(role="system", content=_text(chance))] if chance.random() < 0.5 else []
    for _ in range(chance.randint(1, 3)):
        messages.append(Message(role="user", content=_text(chance)))
        calls = tuple(
            ToolCall(name=chance.choice(["f", "g-h"]), arguments=_arguments(chance))
            for _ in range(chance.randint(0, 2))
        )
        if calls:
            said = chance.choice(["", _text(chance)])
            messages.append(Message(role="assistant", content=said, tool_calls=calls))
            messages += [Message(role="tool", content=_text(chance)) for _ in calls]
        weight = chance.choice([None, 0.0, 0.5])
        messages.append(Message(role="assistant", content=_text(chance), weight=weight))
    tools = ({"type": "function", "function": {"name": "f", "x": None}},)
    return Conversation(
        messages=tuple(messages),
        tools=tools if chance.random() < 0.5 else (),
        metadata={"id": chance.random()} if chance.random() < 0.5 else {},
    )


@pytest.mark.parametrize(
    "count", [pytest.param(1000, marks=pytest.mark.slow), 20], ids=["many", "few"]
)
def test_calls_go_through_every_pair_of_schemas(count: int) -> None:
    assert len(WRITTEN) >= 2
    chance = random.Random(18)  # noqa: S311 - text, no secret
    for _ in range(count):
        conversation = _conversation(chance)
        for path in product(WRITTEN, repeat=2):
            found = conversation
            for schema in path:
                row = json.loads(json.dumps(write_row(found, schema)))
                [item] = read_row(row, schema=schema)
                assert isinstance(item, Conversation)
                found = item
            assert found == conversation, path


def test_ids_that_are_made_go_through() -> None:
    chance = random.Random(19)  # noqa: S311 - text, no secret
    for _ in range(50):
        conversation = _conversation(chance)
        row = write_row(conversation, "sharegpt")
        [item] = read_row(row, options=Options(call_ids="make"))
        assert isinstance(item, Conversation)
        # What was made is in order for the strictest reader.
        assert read_row(write_row(item), options=Options(call_ids="require")) == [item]
        bare = tuple(
            message.model_copy(
                update={
                    "call_id": None,
                    "tool_calls": tuple(
                        call.model_copy(update={"id": None}) for call in message.tool_calls
                    ),
                }
            )
            for message in item.messages
        )
        assert bare == conversation.messages
