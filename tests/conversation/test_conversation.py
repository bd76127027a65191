"""Conversations: what is accepted, what is refused, and what is not on the wire."""

# ruff: noqa: E501 - a case a line

from __future__ import annotations

import pickle
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import chatfmt
from chatfmt.conversation import Conversation, Message
from strategies import held_dicts, openai_conversations

if TYPE_CHECKING:
    from collections.abc import Callable

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"default": None}}}
HELLO = {"role": "user", "content": "hello"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, 'expected {"messages": [...]}, found the number 3'),
        ({"role": "user", "content": "a"}, "expected a list of messages, found one message: put it in a list"),
        ({"message": []}, "message\n  there is no such field; did you mean 'messages'?"),
        ({"messages": 5}, "messages\n  expected a list of messages, found the number 5"),
        ({"messages": "hello"}, "messages\n  expected a list of messages, found the text 'hello'"),
        ({"messages": [HELLO, "hello"]}, "messages.1\n  expected an object, found the text 'hello'"),
        ({"tools": "f"}, "tools\n  expected a list, found the text 'f'"),
        ({"tools": ["f"]}, "tools.0\n  expected an object, found the text 'f'"),
        ({"tools": [{"a": [1, object()]}]}, "tools.0.a.1\n  expected a JSON value, found an object"),
        ({"tools": [{"a": float("nan")}]}, "tools.0.a\n  expected a JSON value, found the number nan"),
        ({"tools": [{"a": b"b"}]}, "tools.0.a\n  expected a JSON value, found the bytes b'b'"),
        ({"tools": [{"a": {"\ud800": 1}}]}, "tools.0.a\n  expected text, found the lone surrogate U+D800"),
        ({"metadata": {"a": ["b", {"c": "\udfff"}]}}, "metadata.a.1.c\n  expected text, found the lone surrogate"),
        ({"metadata": {"\ud800": 1}}, "metadata\n  expected text, found the lone surrogate U+D800 at offset 0"),
        ({"metadata": 3}, "metadata\n  expected an object, found the number 3"),
    ],
)  # fmt: skip
def test_what_is_refused(value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Conversation.model_validate(value)
    text = str(caught.value)
    assert text.split("\n", 1)[1].strip().startswith(words)
    assert "pydantic.dev" not in text


def test_an_iterator_is_not_taken_for_an_empty_list() -> None:
    held = {"role": "assistant", "content": None}
    # What needs no reading may come from anything; what needs it would be used up by then.
    assert len(Conversation(messages=iter([HELLO])).messages) == 1  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="expected a list of messages, found a list_iterator"):
        Conversation(messages=iter([HELLO, held]))  # type: ignore[arg-type]


def test_messages_and_dicts_may_stand_side_by_side() -> None:
    said = Message(role="user", content="hello")
    mixed = [said, {"role": "assistant", "content": None}, said]
    conversation = Conversation(messages=mixed)  # type: ignore[arg-type]
    assert conversation.messages == (said, Message(role="assistant"), said)
    assert conversation.messages[0] is said


def test_metadata_may_be_deep_and_hold_anything() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    marker = object()
    assert Conversation(metadata={"a": deep, "b": marker}).metadata["b"] is marker


def test_what_belongs_to_it_stays_out_of_the_wire() -> None:
    conversation = Conversation(messages=[HELLO], tools=[TOOL], metadata={"a": 1})  # type: ignore[arg-type]
    assert conversation.tools == (TOOL,)
    assert conversation.on_wire() == Conversation(messages=[HELLO])  # type: ignore[arg-type]


def test_what_is_empty_is_neither_shown_nor_dumped() -> None:
    assert repr(Conversation()) == "Conversation()"
    assert Conversation().model_dump() == {"messages": (), "metadata": {}}
    full = Conversation(messages=[HELLO], tools=[TOOL], metadata={"a": 1})  # type: ignore[arg-type]
    assert repr(full) == (
        f"Conversation(messages=({full.messages[0]!r},), tools=({TOOL!r},), metadata={{'a': 1}})"
    )
    for conversation in (Conversation(), full):
        assert Conversation.model_validate(conversation.model_dump()) == conversation
        assert Conversation.model_validate_json(conversation.model_dump_json()) == conversation
        assert pickle.loads(pickle.dumps(conversation)) == conversation


def test_a_pickle_of_a_version_without_tools() -> None:
    conversation = Conversation(messages=[HELLO], metadata={"a": 1})  # type: ignore[arg-type]
    old = {k: v for k, v in conversation.__dict__.items() if k != "tools"}
    again = Conversation.__new__(Conversation)
    again.__setstate__({**conversation.__getstate__(), "__dict__": old})
    assert again == conversation
    assert again.tools == ()


@given(st.data(), openai_conversations())
@settings(deadline=None)
def test_all_that_takes_a_conversation_takes_what_people_hold(
    data: st.DataObject, conversation: Conversation
) -> None:
    held = data.draw(held_dicts(conversation))
    assert Conversation.model_validate(held) == conversation
    assert Conversation(**held) == conversation
    assert tuple(map(Message.model_validate, held["messages"])) == conversation.messages


PLAIN: list[dict[str, Any]] = [
    {"role": "system", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}]},
    {"role": "user", "content": "2+2?", "name": None},
    {"role": "assistant", "content": None, "tool_calls": [], "refusal": None, "annotations": []},
]  # fmt: skip
WANTED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "2+2?"},
    {"role": "assistant"},
]


@pytest.mark.parametrize(
    "call",
    [
        lambda tok, chat: tok.encode(chat),
        lambda tok, chat: tok.encode_prompt(chat),
        lambda tok, chat: tok.count_messages(chat),
        lambda tok, chat: tok.render(chat).ids,
        lambda tok, chat: tok.fit(chat, 100).conversation,
        lambda tok, chat: tok.encode_for_training(chat),
        lambda tok, chat: list(tok.encode_batch([chat]).ids),
        lambda tok, chat: tok.scan(chat),
    ],
)
@pytest.mark.parametrize(
    "shape",
    [
        list,
        tuple,
        iter,
        lambda chat: {"messages": chat},
        lambda chat: MappingProxyType({"messages": chat, "tools": None}),
        lambda chat: map(MappingProxyType, chat),
    ],
)
def test_the_facade_takes_it(
    call: Callable[[Any, Any], Any], shape: Callable[[list[dict[str, Any]]], Any]
) -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    assert call(tok, shape(PLAIN)) == call(tok, WANTED)


def test_a_transcript_takes_it() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    chat = tok.render(PLAIN[:1])
    chat.append(*PLAIN[1:])
    assert chat.ids == tok.encode(WANTED)
