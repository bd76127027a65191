"""One example for each turn: in every row, the ids before an answer are those of its prompt.

The conversation before an answer is prepared again, as a server would. Exactly the answers of the
turn are trained, as in `Transcript.weights`.
"""

from __future__ import annotations

import sys
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asking import Kinds, check_each_turn, kinds, needed
from chatfmt import (
    FORMAT_ROWS,
    ChatTokenizer,
    Conversation,
    Message,
    NothingToTrainError,
    RenderError,
    ToolCall,
    extend_encoding,
    get_encoding,
    get_format,
)
from generated_chats import nasty
from preparing import TOOL
from real_data import FILES, real_conversations
from rows import ARGUMENTS, tokenizer
from sizes import size

if TYPE_CHECKING:
    from pathlib import Path

PER_ROW = settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def talks(draw: st.DrawFn, name: str) -> Conversation:
    """Turns with all that the row can carry."""
    can = kinds(name)
    free = st.sampled_from(("a", "b c", " d ", "e\n", "")) | nasty(name)

    def answer(*, calls: bool, after: bool = False) -> list[Message]:
        thinks = can.thinking_after_results if after else can.thinking
        thinking = draw(st.sampled_from(("f", "g\n", "", None))) if thinks else None
        made = tuple(
            ToolCall(
                name="get_weather",
                arguments=draw(st.sampled_from(ARGUMENTS[:2])),
                id=f"functions.get_weather:{number}",
            )
            for number in range(draw(st.sampled_from((1, 1, 2))) if calls else 0)
        )
        said = "" if calls else draw(free)
        one = Message(
            role="assistant",
            content=said,
            reasoning=thinking,
            tool_calls=made,
            recipient=can.recipient,
        )
        results = [
            Message(role="tool", content=draw(free), call_id=call.id, name=call.name)
            for call in made
        ]
        return [one, *results]

    messages = [Message(role="system", content=draw(free))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append(Message(role="user", content=draw(free)))
        steps = draw(st.sampled_from((0, 1, 1, 2))) if can.calls else 0
        for step in range(steps):
            messages += answer(calls=True, after=step > 0)
        messages += answer(calls=False, after=steps > 0)
    tools = draw(st.sampled_from(((), (TOOL,)))) if can.calls else ()
    return Conversation(messages=tuple(messages), tools=tools)


@pytest.mark.parametrize("history", ["published", "keep"])
@pytest.mark.parametrize("name", FORMAT_ROWS)
@given(data=st.data())
@PER_ROW
def test_each_example_begins_with_the_prompt(name: str, history: str, data: st.DataObject) -> None:
    tok = tokenizer(name)
    asked: dict[str, Any] = {"history": history, "values": needed(name)}
    chat = data.draw(talks(name))
    try:
        examples = tok.encode_for_training(chat, turns="each", prepare=True, **asked)
    except RenderError as caught:
        error = caught
    else:
        check_each_turn(tok, chat, examples, asked)
        return
    assert error.field == "reasoning" or is_refused(name, chat, asked)


def is_refused(name: str, chat: Conversation, asked: dict[str, Any]) -> bool:
    """Whether the format cannot carry a part of it as it is prepared."""
    tok = tokenizer(name)
    for stop in range(1, len(chat.messages) + 1):
        part = chat.model_copy(update={"messages": chat.messages[:stop]})
        for history in ("published", "keep"):
            try:
                tok.encode(tok.prepare(part, **{**asked, "history": history}))
            except RenderError:
                return True
    return False


def everything(can: Kinds) -> list[Message]:
    """Two turns with all that a row can carry."""

    def answer(text: str, thought: str, *, after: bool = False) -> Message:
        thinks = can.thinking_after_results if after else can.thinking
        reasoning = thought if thinks else None
        to = can.recipient
        return Message(role="assistant", content=text, reasoning=reasoning, recipient=to)

    call = ToolCall(name="f", arguments='{"a": 1}', id="functions.f:0")
    calls = [
        answer("", "hm").model_copy(update={"tool_calls": (call,)}),
        Message(role="tool", content="1", name="f", call_id=call.id),
    ]
    return [
        Message(role="user", content="hello"),
        *(calls if can.calls else ()),
        answer("hi", "so", after=can.calls),
        Message(role="user", content="more"),
        answer("bye", "well"),
    ]


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_no_row_is_left_out(name: str) -> None:
    tok, can = tokenizer(name), kinds(name)
    asked: dict[str, Any] = {"values": needed(name)}
    chat = Conversation(messages=tuple(everything(can)))
    examples = tok.encode_for_training(chat, turns="each", prepare=True, **asked)
    assert len(examples) >= 2
    check_each_turn(tok, chat, examples, asked)


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_what_is_not_prepared_is_asked_for_as_it_is(name: str) -> None:
    tok, can = tokenizer(name), kinds(name)
    given = tok.prepare(everything(can), history="keep", values=needed(name))
    chat = Conversation(messages=given.messages)
    examples = tok.encode_for_training(chat, turns="each")
    assert len(examples) >= 2
    check_each_turn(tok, chat, examples, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_real_conversations(name: str, shared_data: Path) -> None:
    """Where a prompt opens a thinking, these answers, which have none, get an empty one.

    Every fortieth conversation, or with ``CHATFMT_LARGE=1`` all.
    """
    tok = real_tokenizer(name)
    asked: dict[str, Any] = {"values": needed(name)}
    found: Counter[str] = Counter()
    for file in FILES:
        for chat in islice(real_conversations(shared_data / file), 0, None, size(40, 1)):
            found[outcome(tok, chat, asked)] += 1
    sys.stdout.write(f"{name}: {dict(found)}\n")
    needs_more = kinds(name).recipient is not None  # than these conversations have
    assert bool(found["equal"]) is not needs_more


def real_tokenizer(name: str) -> ChatTokenizer:
    """The row over the vocabulary of gpt-4o."""
    base = get_encoding("o200k_base")
    tokens = [one for one in get_format(name).special_tokens if one not in base.special_tokens_set]
    return ChatTokenizer(get_format(name), extend_encoding(base, f"o200k of {name}", tokens))


def outcome(tok: ChatTokenizer, chat: Conversation, asked: dict[str, Any]) -> str:
    """What comes of a conversation; the examples must begin with their prompts."""
    try:
        examples = tok.encode_for_training(chat, turns="each", prepare=True, **asked)
    except NothingToTrainError:
        return "without an answer"
    except RenderError as error:
        if error.field == "reasoning" and not thinks(chat):
            return outcome(tok, with_thinking(chat), asked)
        if not is_refused(tok.format.name, chat, asked):
            raise
        return "refused"
    check_each_turn(tok, chat, examples, asked)
    return "equal"


def thinks(chat: Conversation) -> bool:
    return any(message.reasoning is not None for message in chat.messages)


def with_thinking(chat: Conversation) -> Conversation:
    """The same with an empty thinking in each answer."""
    messages = tuple(
        message.model_copy(update={"reasoning": ""}) if message.role == "assistant" else message
        for message in chat.messages
    )
    return chat.model_copy(update={"messages": messages})
