"""OpenAI's own renderer and parser as a second opinion on the row gpt-oss, on hostile texts.

Nothing is adjusted before the comparison: our messages become theirs field by field. The row
refuses one thing that theirs writes: a call in the channel ``final``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chatfmt
from chatfmt import Conversation, Message, RenderError
from harmony_encoding import as_harmony, load_harmony
from real_data import FILES, real_conversations
from strategies import FOREIGN_SPECIALS, HEADER_TOKENS, NAMES, texts

if TYPE_CHECKING:
    from pathlib import Path

openai_harmony: Any = pytest.importorskip("openai_harmony", reason="the second opinion")

TOK = chatfmt.get_tokenizer("gpt-oss")
_TEXTS = texts((*TOK.format.special_tokens, *FOREIGN_SPECIALS))
_OPTIONAL = st.one_of(st.none(), HEADER_TOKENS)
_ANSWERS = st.builds(
    Message,
    role=st.just("assistant"),
    content=_TEXTS,
    channel=HEADER_TOKENS,
    recipient=_OPTIONAL,
    content_type=_OPTIONAL,
).filter(lambda answer: answer.recipient is None or answer.channel != "final")
_RESULTS = st.builds(
    Message,
    role=st.just("tool"),
    content=_TEXTS,
    name=NAMES.filter(lambda name: name not in TOK.format.lines_of),
    recipient=HEADER_TOKENS,
    channel=HEADER_TOKENS,
)
_GIVEN = st.builds(Message, role=st.sampled_from(("system", "developer", "user")), content=_TEXTS)
_CHATS = st.lists(st.one_of(_ANSWERS, _RESULTS, _GIVEN), max_size=4).map(
    lambda messages: Conversation(messages=tuple(messages))
)


@pytest.fixture(scope="module")
def theirs() -> Any:
    return load_harmony()


def _their_ids(theirs: Any, conversation: Conversation) -> list[int]:
    chat = openai_harmony.Conversation.from_messages(map(as_harmony, conversation.messages))
    keep_all = openai_harmony.RenderConversationConfig(auto_drop_analysis=False)
    ids: list[int] = theirs.render_conversation(chat, keep_all)
    return ids


def test_a_call_in_the_final_channel_is_refused() -> None:
    call = Message(role="assistant", channel="final", recipient="functions.f", content="{}")
    with pytest.raises(RenderError, match="final"):
        TOK.encode([call])


@given(conversation=_CHATS)
@settings(deadline=None, max_examples=100)
def test_same_ids(theirs: Any, conversation: Conversation) -> None:
    assert TOK.encode(conversation) == _their_ids(theirs, conversation)


def test_same_ids_on_real_conversations(theirs: Any, shared_data: Path) -> None:
    compared = 0
    for file in FILES:
        for conversation in real_conversations(shared_data / file):
            answered = Conversation(
                messages=tuple(
                    m.model_copy(update={"channel": "final"} if m.role == "assistant" else {})
                    for m in conversation.messages
                )
            )
            assert TOK.encode(answered) == _their_ids(theirs, answered)
            compared += 1
    assert compared == 2225


@given(spoken=_ANSWERS)
@settings(deadline=None, max_examples=60)
def test_they_read_what_the_model_writes(theirs: Any, spoken: Message) -> None:
    """What follows a prompt reads the same here and there, as it is trained.

    Where nobody is addressed, their parser takes a content type for the recipient.
    """
    if spoken.recipient is None:
        spoken = spoken.model_copy(update={"content_type": None})
    trained = TOK.encode_for_training([spoken], allow_untrained=True).input_ids
    completion = trained[len(TOK.encode_prompt([])) :]
    parser = TOK.stream()
    parser.feed_all(completion)
    parser.close()
    [mine] = parser.messages
    assert mine == spoken
    [read] = theirs.parse_messages_from_completion_tokens(completion, openai_harmony.Role.ASSISTANT)
    assert read == as_harmony(mine)
