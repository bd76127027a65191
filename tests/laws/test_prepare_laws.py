"""The eighth law over every row that prepares: each change is reported, and always the same.

Nothing else changes: the messages given stay as they are, texts stay texts, and what a template
does not take is refused by a RenderError that names the message.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatfmt import FORMAT_ROWS, Conversation, Message, RenderError, get_format
from generated_chats import chats, requests
from preparing import replay
from rows import tamed, tokenizer
from sizes import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import ChatFormat, ChatTokenizer, Prepared

PER_ROW = settings(
    deadline=None,
    max_examples=size(25, 50),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WITH_WORDS = [name for name in FORMAT_ROWS if get_format(name).preparation]


def prepared_or_refused(
    tok: ChatTokenizer, chat: Conversation, asked: dict[str, Any]
) -> Prepared | str:
    """What is prepared, or why it is refused."""
    try:
        return tok.prepare(chat, **asked)
    except RenderError as caught:
        error = caught
    assert error.reason
    assert error.format == tok.format.name
    assert error.message is None or 0 <= error.message < len(chat.messages)
    assert error.field is None or error.field in Message.model_fields
    return str(error)


@pytest.mark.parametrize("name", WITH_WORDS)
@given(data=st.data())
@PER_ROW
def test_what_is_changed_is_said(name: str, data: st.DataObject) -> None:
    tok = tokenizer(name)
    chat, asked = data.draw(chats(name)), data.draw(requests(name))
    before = chat.model_dump_json()
    prepared = prepared_or_refused(tok, chat, asked)
    assert chat.model_dump_json() == before
    again = prepared_or_refused(tok, Conversation.model_validate_json(before), asked)
    assert prepared == again
    if isinstance(prepared, str):
        return
    assert (prepared.tools, prepared.metadata) == (chat.tools, chat.metadata)
    left, added = replay(chat.messages, prepared.changes)
    assert is_merged(prepared.messages, [left[index] for index in sorted(left)], added)
    if asked["history"] == "keep":
        assert all(change.before is None for change in prepared.changes if is_thinking(change.word))
    with pytest.raises(RenderError, match="already prepared"):
        tok.prepare(prepared)


def is_thinking(word: str) -> bool:
    """Whether the word is about the thinking of earlier answers."""
    return word == "reasoning"


def is_merged(whole: Sequence[Message], one: Sequence[Message], other: Sequence[Message]) -> bool:
    """Whether these are all of the one, in order, and among them the other, in any order."""
    rest = [*other]
    at = 0
    for message in whole:
        if at < len(one) and message == one[at]:
            at += 1
        elif message in rest:
            rest.remove(message)
        else:
            return False
    return at == len(one) and not rest


def tame(message: Message, format: ChatFormat) -> Message:
    """A message of the same shape whose texts spell nothing."""
    free = {
        field: value and "x"
        for field in ("content", "reasoning", "tools")
        if (value := getattr(message, field)) is not None
    }
    made = tuple(
        call.model_copy(update={"arguments": tamed(call.arguments, format)})
        for call in message.tool_calls
    )
    return message.model_copy(update={**free, "tool_calls": made})


@pytest.mark.parametrize("name", WITH_WORDS)
@given(data=st.data())
@PER_ROW
def test_texts_stay_texts(name: str, data: st.DataObject) -> None:
    tok = tokenizer(name)
    asked = {**data.draw(requests(name)), "values": {}}
    needed = [word.names for word in tok.format.preparation]
    if any(default is None for names in needed for default in names.values()):
        asked["values"] = {"date": dt.date(2025, 1, 2)}
    prepared = prepared_or_refused(tok, data.draw(chats(name)), asked)
    if isinstance(prepared, str):
        return
    try:
        ids = tok.encode(prepared)
    except RenderError:
        return
    assert tok.decode(ids) == tok.format.on_wire(prepared)
    tame_chat = Conversation(
        messages=tuple(tame(message, tok.format) for message in prepared.messages),
        tools=prepared.tools,
    )
    special = set(tok.encoding.special_tokens.values())
    assert [i for i in ids if i in special] == [i for i in tok.encode(tame_chat) if i in special]
