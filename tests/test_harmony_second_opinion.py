"""OpenAI's own renderer as a second opinion on the harmony line of the tests.

openai-harmony differs on purpose in two points, which are put right before comparing: it ends the
assistant's message to a recipient with ``<|call|>`` where a conversation's default end is
``<|end|>``, and it writes the name of a tool in the place of the role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import Conversation
from conftest import encoding_for
from formats_under_test import tokenizer_for
from harmony_encoding import load_harmony
from real_data import FILES, real_conversations
from strategies import conversations

if TYPE_CHECKING:
    from pathlib import Path

    from chatfmt import Message

openai_harmony: Any = pytest.importorskip("openai_harmony", reason="the second opinion")

TOK = tokenizer_for("harmony")
SPECIAL = encoding_for("harmony").special_tokens


@pytest.fixture(scope="module")
def theirs() -> Any:
    return load_harmony()


def _as_theirs(message: Message) -> Any:
    author = openai_harmony.Author(role=openai_harmony.Role(message.role), name=message.name)
    given = openai_harmony.Message.from_author_and_content(author, message.content)
    if message.recipient is not None:
        given = given.with_recipient(message.recipient)
    if message.channel is not None:
        given = given.with_channel(message.channel)
    if message.content_type is not None:
        given = given.with_content_type(f"<|constrain|>{message.content_type}")
    return given


def _their_ids(theirs: Any, conversation: Conversation) -> list[int]:
    chat = openai_harmony.Conversation.from_messages(map(_as_theirs, conversation.messages))
    keep_all = openai_harmony.RenderConversationConfig(auto_drop_analysis=False)
    ids: list[int] = theirs.render_conversation(chat, keep_all)
    return [SPECIAL["<|end|>"] if token == SPECIAL["<|call|>"] else token for token in ids]


@given(conversation=conversations("harmony"))
@settings(deadline=None, max_examples=100)
def test_same_ids(theirs: Any, conversation: Conversation) -> None:
    messages = tuple(
        m.model_copy(update={"role": "user"} if m.role == "tool" else {})
        for m in conversation.messages
    )
    conversation = Conversation(messages=messages)
    assert TOK.encode(conversation) == _their_ids(theirs, conversation)


def test_same_ids_on_real_conversations(theirs: Any, shared_data: Path) -> None:
    compared = 0
    for file in FILES:
        for conversation in real_conversations(shared_data / file):
            assert TOK.encode(conversation) == _their_ids(theirs, conversation)
            compared += 1
    assert compared == 2225


@given(conversation=conversations("harmony"), ends=st.data())
@settings(deadline=None, max_examples=60)
def test_they_read_what_the_model_writes(
    theirs: Any,
    conversation: Conversation,
    ends: st.DataObject,
) -> None:
    """One message at a time: what follows a prompt reads the same here and there.

    Where nobody is addressed, their parser takes a content type for the recipient.
    """
    prompt = TOK.encode_prompt([])
    for message in conversation.messages:
        spoken = message.model_copy(update={"role": "assistant", "name": None})
        if spoken.recipient is None:
            spoken = spoken.model_copy(update={"content_type": None})
        completion = TOK.encode([spoken])[len(prompt) :]
        end = ends.draw(st.sampled_from(sorted(TOK.stop_tokens)))
        completion[-1] = end
        parser = TOK.stream()
        parser.feed_all(completion)
        parser.close()
        [read] = theirs.parse_messages_from_completion_tokens(
            completion, openai_harmony.Role.ASSISTANT
        )
        [mine] = parser.messages
        assert mine == spoken.on_wire()
        assert read == _as_theirs(mine)
