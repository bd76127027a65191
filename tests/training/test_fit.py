"""Fitting: whole turns are dropped, oldest first, and never what must stay."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import (
    ChatTokenizer,
    ContextOverflowError,
    Conversation,
    Message,
    RenderError,
    get_format,
    get_tokenizer,
)
from conftest import encoding_for
from formats_under_test import tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

ROLES = ["system", "developer", "user", "assistant", "tool"]

some_messages = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(ROLES),
        content=st.sampled_from(["", "hello", "hello hello hello", "one two three four five six"]),
        call_id=st.sampled_from([None, None, "a", "b"]),
    ),
    max_size=9,
)


def groups(messages: Sequence[Message]) -> list[set[int]]:
    """Slowly: what goes together, oldest first; what may not go is in none."""
    users = [i for i, message in enumerate(messages) if message.role == "user"]
    begins = [0, *users] if users else [0]

    def turn_of(index: int) -> int:
        return max(n for n, begin in enumerate(begins) if begin <= index)

    found: list[set[int]] = [set() for _ in begins]
    kept = {len(begins) - 1}
    for index, message in enumerate(messages):
        turn = turn_of(index)
        if message.role in ("system", "developer"):
            continue
        if message.role == "tool":
            said = [i for i in range(index) if messages[i].role == "assistant"]
            same = [i for i in said if message.call_id and messages[i].call_id == message.call_id]
            if said:
                turn = turn_of((same or said)[-1])
            if turn_of(index) == len(begins) - 1:
                kept.add(turn)
        found[turn].add(index)
    return [group for n, group in enumerate(found) if n not in kept]


@pytest.mark.parametrize("name", ["gpt-4o", "harmony"])
@given(messages=some_messages, limit=st.integers(0, 90), reserve=st.integers(0, 9))
@settings(deadline=None, max_examples=150)
def test_it_is_the_slow_one(name: str, messages: list[Message], limit: int, reserve: int) -> None:
    tok = tokenizer_for(name)
    conversation = Conversation(messages=tuple(messages), metadata={"source": "a test"})
    droppable = groups(messages)
    for gone in range(len(droppable) + 1):
        dropped = set().union(*droppable[:gone])
        left = tuple(message for i, message in enumerate(messages) if i not in dropped)
        if tok.count(left) <= limit - reserve:
            fitted = tok.fit(conversation, limit, reserve=reserve)
            assert fitted.conversation == Conversation(messages=left, metadata={"source": "a test"})
            assert fitted.dropped == tuple(sorted(dropped))
            assert fitted.tokens == tok.count(left)
            break
    else:
        with pytest.raises(ContextOverflowError) as caught:
            tok.fit(conversation, limit, reserve=reserve)
        counts = (caught.value.needed, caught.value.max_tokens, caught.value.reserve)
        assert counts == (tok.count(left), limit, reserve)


@given(messages=some_messages)
@settings(deadline=None, max_examples=100)
def test_no_answer_without_its_call_and_nothing_lasting_lost(messages: list[Message]) -> None:
    tok = get_tokenizer("gpt-4o")
    for limit in (0, 20, 40, 60):
        try:
            left = tok.fit(messages, limit)
        except ContextOverflowError:
            continue
        for index in left.dropped:
            assert messages[index].role not in ("system", "developer")
        users = [i for i, message in enumerate(messages) if message.role == "user"]
        assert not users or max(left.dropped, default=-1) < users[-1]
        for call, answer in combinations(range(len(messages)), 2):
            one, other = messages[call], messages[answer]
            between = [m for m in messages[call + 1 : answer] if m.role == "assistant"]
            same = one.call_id == other.call_id and not between
            if same and (one.role, other.role) == ("assistant", "tool"):
                assert (call in left.dropped) == (answer in left.dropped)


def test_an_answer_in_the_last_turn_keeps_its_call() -> None:
    tok = get_tokenizer("gpt-4o")
    chat = [
        Message(role="user", content="one"),
        Message(role="assistant", content="call", call_id="a"),
        Message(role="user", content="two"),
        Message(role="assistant", content="two"),
        Message(role="user", content="three"),
        Message(role="tool", content="answer", call_id="a"),
    ]
    fitted = tok.fit(chat, tok.count(chat) - 1)
    assert fitted.dropped == (2, 3)
    with pytest.raises(ContextOverflowError, match=r"has 20 tokens, the limit is 24 - 5 reserved"):
        tok.fit(chat, 24, reserve=5)


def test_each_message_is_encoded_once() -> None:
    counted: list[str] = []

    class Counting:
        """The encoding, and what it was asked to encode."""

        def __init__(self) -> None:
            encoding = encoding_for("gpt-4o")
            self.special_tokens = encoding.special_tokens
            self.n_vocab = encoding.n_vocab
            self.fingerprint = encoding.fingerprint
            self.token_bytes = encoding.token_bytes

        def encode_ordinary(self, text: str) -> list[int]:
            counted.append(text)
            return encoding_for("gpt-4o").encode_ordinary(text)

    tok = ChatTokenizer(get_format("gpt-4o"), Counting())
    chat = [
        Message(role=role, content=f"this is what the {role} says in turn {turn}")
        for turn in range(20)
        for role in ("user", "assistant")
    ]
    fitted = tok.fit(chat, 60)
    assert len(fitted.dropped) > 30
    contents = [message.content for message in chat]
    assert [text for text in counted if text in contents] == contents


@pytest.mark.parametrize(("limit", "reserve"), [(-1, 0), (10, -1)])
def test_negative_counts_are_refused(limit: int, reserve: int) -> None:
    with pytest.raises(ValueError, match="must be at least 0, found"):
        get_tokenizer("gpt-4o").fit([], limit, reserve=reserve)


def test_what_the_format_cannot_carry_is_refused() -> None:
    with pytest.raises(RenderError, match="unknown role"):
        get_tokenizer("gpt-4o").fit([{"role": "nobody"}], 10)
