"""Fast decoding of calls, results and reasoning, against the parser, over all rows."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chatfmt
from chatfmt import FORMAT_ROWS, ChatTokenizer, Message, ParseError, RenderError, ToolCall
from chatfmt.wire.fast.decode import Decoder
from laws.test_row_laws import PER_ROW, messages
from rows import tokenizer
from strategies import mutated, retokenized

if TYPE_CHECKING:
    from collections.abc import Sequence

AGENTS = ("qwen-3", "granite-4", "kimi-k2", "mistral-v11", "mistral-v13", "mistral-v7")


@functools.cache
def in_words(name: str) -> ChatTokenizer:
    """The row over an encoding with long tokens."""
    layout = chatfmt.get_format(name)
    words = chatfmt.get_encoding("cl100k_base")
    more = [token for token in layout.special_tokens if token not in words._special_tokens]
    return ChatTokenizer(layout, chatfmt.extend_encoding(words, f"words of {name}", more))


def slowly(tok: ChatTokenizer, ids: Sequence[int]) -> Any:
    try:
        return tok.parse(ids).conversation
    except ParseError as error:
        return error.issue


def quickly(decoder: Decoder, ids: list[int]) -> Any:
    try:
        return decoder.decode(ids, prologue=True)
    except ParseError as error:
        return error.issue


def check(tok: ChatTokenizer, chats: list[list[Message]], data: st.DataObject, name: str) -> None:
    """After any of these, what it says of the last and of what became of its ids."""
    encoded = []
    for chat in chats:
        try:
            encoded.append(tok.encode(chat))
        except RenderError:
            continue
    if not encoded:
        return
    decoder = Decoder(tok._binding)
    for ids in encoded:
        assert quickly(decoder, ids) == slowly(tok, ids)
    last = encoded[-1]
    fates = mutated(last, tok.encoding.n_vocab) | st.just(last[:-1]) | st.just([*last, *last])
    if name in AGENTS:
        fates |= retokenized(last, tok.encoding)
    for ids in (last, data.draw(fates), data.draw(fates)):
        expected = slowly(tok, ids)
        assert decoder.quick(ids, prologue=True) in (None, expected)
        assert quickly(decoder, ids) == expected


@pytest.mark.parametrize("name", FORMAT_ROWS)
@given(data=st.data())
@PER_ROW
def test_it_says_what_the_parser_says(name: str, data: st.DataObject) -> None:
    chats = data.draw(st.lists(st.lists(messages(name), max_size=4), min_size=1, max_size=4))
    check(tokenizer(name), chats, data, "")


@pytest.mark.parametrize("name", AGENTS)
@given(data=st.data())
@PER_ROW
def test_so_it_does_where_tokens_are_long(name: str, data: st.DataObject) -> None:
    chats = data.draw(st.lists(st.lists(messages(name), max_size=4), min_size=1, max_size=4))
    check(in_words(name), chats, data, name)


def agent(name: str, text: str, number: int) -> list[Message]:
    """What an agent does, with other texts each time."""
    arguments = json.dumps({"x": text}, ensure_ascii=False)
    calls = tuple(
        ToolCall(name="f", arguments=arguments, id=f"functions.f:{number}{at}") for at in range(2)
    )
    thinks = any("reasoning" in line.fields for line in chatfmt.get_format(name).lines)
    return [
        Message(role="user", content=text),
        Message(
            role="assistant", content=text, tool_calls=calls, reasoning=text if thinks else None
        ),
        *(Message(role="tool", content=text, call_id=call.id) for call in calls),
        Message(role="assistant", content=f"{text}.", reasoning=text if thinks else None),
    ]


@pytest.mark.parametrize("name", [*AGENTS, "qwen-2.5", "qwen-3-thinking", "granite-3"])
def test_it_takes_over_once_it_has_seen_the_shapes(name: str) -> None:
    tok = in_words(name)
    decoder = Decoder(tok._binding)
    first, other = (tok.encode(agent(name, text, n)) for n, text in enumerate(("abc", "é <x>\n")))
    assert decoder.quick(first, prologue=True) is None
    assert decoder.decode(first, prologue=True) == tok.parse(first).conversation
    assert decoder.quick(other, prologue=True) == tok.parse(other).conversation
