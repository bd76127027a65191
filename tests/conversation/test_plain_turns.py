"""Messages of a role and a text: the fast way reads what `Conversation` reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatfmt import Conversation
from chatfmt.conversation.plain import plain_turns

TURNS = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "cook"]), "content": st.text()}
)


@given(messages=st.lists(TURNS))
def test_what_is_taken_apart_is_the_conversation(messages: list[dict[str, Any]]) -> None:
    found = plain_turns(messages)
    if not messages or any(not message["content"] for message in messages):
        assert found is None
        return
    assert found is not None
    conversation = Conversation.model_validate({"messages": messages})
    assert found[0] == tuple(message.role for message in conversation.messages)
    assert found[1] == [message.content for message in conversation.messages]


@pytest.mark.parametrize(
    "messages",
    [
        (),
        [],
        {},
        None,
        ["hello"],
        [["role", "content"]],
        [{"role": "user"}],
        [{"role": "user", "content": "a", "name": "Ada"}],
        [{"role": "user", "name": "a"}],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": ["a"]}],
        [{"role": 7, "content": "a"}],
        [{"role": "user", "content": "a"}, {"role": "user", "text": "a"}],
    ],
)
def test_what_is_no_plain_message_is_left_to_others(messages: object) -> None:
    assert plain_turns(messages) is None
