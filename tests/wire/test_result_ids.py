"""Ids of calls on the wire, and arguments that end at a special token."""

from __future__ import annotations

import pytest

from chatfmt import Conversation, Message, ToolCall
from letters import row

TEMPLATE = {
    "user": "<s>user<m>{content}<e>",
    "assistant": "<s>ai<m>{^}{content}[<z>{call.id}<m>{call.name}<m>{call.arguments}]*<e>",
    "tool": ["<s>tool {call_id}<m>{content}<e>", "<s>tool<m>{content}<e>"],
}
ARGUMENTS = ["{}", '{"a": 1}', "no JSON", "", "<m>"]


def chat(ids: list[str | None]) -> Conversation:
    """A call, and results with these ids."""
    calls = (ToolCall(name="f", id=f"c{i}", arguments=text) for i, text in enumerate(ARGUMENTS))
    results = (Message(role="tool", content="1", call_id=identifier) for identifier in ids)
    return Conversation(
        messages=(Message(role="assistant", tool_calls=tuple(calls)), *results),
    )


@pytest.mark.parametrize("ids", [["a", "b"], ["a", None, "b"], [None, "a"], ["a", "a", None]])
def test_each_result_has_its_own_id(ids: list[str | None]) -> None:
    tok = row(TEMPLATE)
    given = chat(ids)
    assert tok.decode(tok.encode(given)) == given
    assert tok.render(given).ids == tok.encode(given)
    assert tok.encode_for_training(given).input_ids == tok.encode(given)


def test_arguments_in_pieces_are_those_in_one() -> None:
    tok = row(TEMPLATE)
    written = tok.encode(chat([]))
    whole = tok.decode(written)
    assert [call.arguments for call in whole.messages[0].tool_calls] == ARGUMENTS
    for size in (1, 2, 5):
        stream = tok.stream(role=None, strict=True)
        for at in range(0, len(written), size):
            stream.feed_all(written[at : at + size])
        stream.close()
        assert tuple(stream.messages) == whole.messages
