"""The first two laws over every row of the table, with texts that spell what the row writes."""

from __future__ import annotations

import functools
import json
import random
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from fuzz import walks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatfmt import FORMAT_ROWS, Conversation, Message, RenderError, ToolCall
from rows import ARGUMENTS, HEADER, NO_OBJECTS, ONE_BY_ONE, plain, tamed, texts, tokenizer
from sizes import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import ChatFormat, ChatTokenizer, Span
    from chatfmt.line.lines import Line

PER_ROW = settings(
    deadline=None,
    max_examples=size(20, 40),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NAMES = ("get_weather", 'f"', "a b", "x\n", "é", "final", "functions.f:0", "</tool_call>", "[", "")
"""Names of tools: what no layout minds, and what some do."""


@functools.cache
def nasty(name: str) -> st.SearchStrategy[str]:
    """Texts that spell tokens, fences and headers of the row, alone and one after the other."""
    pieces = st.sampled_from([*texts(tokenizer(name).format), *ARGUMENTS, "\r\n", " ", "0", "null"])
    return pieces | st.lists(pieces, max_size=4).map("".join) | st.text(max_size=6)


def values(name: str) -> st.SearchStrategy[Any]:
    """Values of arguments: each of JSON's kinds, texts that spell what the row writes, nested."""
    numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    some = st.none() | st.booleans() | numbers | nasty(name)
    return some | st.lists(some, max_size=2) | st.dictionaries(nasty(name), some, max_size=2)


def calls(name: str) -> st.SearchStrategy[tuple[ToolCall, ...]]:
    """Calls whose names and arguments are hard to write, with ids of the shape of the layout."""
    objects = nasty(name).map(lambda text: json.dumps({text: [text]}, ensure_ascii=False))
    given = st.dictionaries(st.sampled_from("abc"), values(name), max_size=3)
    canonical = given.map(lambda value: json.dumps(value, ensure_ascii=False))
    listed = st.sampled_from([*ARGUMENTS, *ONE_BY_ONE, *NO_OBJECTS])
    arguments = objects | canonical | listed
    tool = st.just("get_weather") | st.sampled_from(NAMES) | nasty(name)
    pairs = st.lists(st.tuples(tool, arguments), min_size=1, max_size=3)
    return pairs.map(
        lambda pairs: tuple(
            ToolCall(name=tool, arguments=text, id=f"functions.{tool}:{number}")
            for number, (tool, text) in enumerate(pairs)
        )
    )


def messages(name: str) -> st.SearchStrategy[Message]:
    """Messages for each line of the row, with any text in each field of free text."""

    @st.composite
    def draw_message(draw: st.DrawFn, role: str, line: Line) -> Message:
        message = plain(role, line)
        changed: dict[str, Any] = {}
        for field in ("content", "reasoning", "tools"):
            if field in line.fields:
                needed = field == "content" or line.fields[field]
                text = nasty(name) if needed else st.none() | nasty(name)
                changed[field] = draw(text)
        for field in HEADER:
            if field in line.fields and not line.fields[field] and draw(st.booleans()):
                changed[field] = None
        if message.tool_calls:
            changed["tool_calls"] = draw(calls(name))
        return message.model_copy(update=changed)

    lines = [
        draw_message(role, line)
        for role, lines in tokenizer(name).format.lines_of.items()
        for line in lines
    ]
    return st.one_of(lines)


def tame(message: Message, format: ChatFormat) -> Message:
    """A message of the same shape whose texts spell nothing."""
    free = {
        field: value and "x"
        for field in ("content", "reasoning", "tools")
        if (value := getattr(message, field)) is not None
    }
    made = tuple(
        ToolCall(name="f", arguments=tamed(call.arguments, format), id=f"functions.f:{number}")
        for number, call in enumerate(message.tool_calls)
    )
    return message.model_copy(update={**free, "tool_calls": made})


def special_in(ids: Sequence[int]) -> list[int]:
    """The ids that are no bytes."""
    return [token for token in ids if token > 255]


def spans_of(tok: ChatTokenizer, ids: Sequence[int], size: int) -> list[Span]:
    """What a reader finds that is given so many ids at once."""
    parser = tok.stream(None, strict=True)
    for at in range(0, len(ids), size):
        parser.feed_all(ids[at : at + size])
    parser.close()
    return parser.spans


@pytest.mark.parametrize("name", FORMAT_ROWS)
@given(data=st.data())
@PER_ROW
def test_what_is_not_refused_is_read_back_and_forges_nothing(
    name: str, data: st.DataObject
) -> None:
    tok = tokenizer(name)
    chat = Conversation(messages=tuple(data.draw(st.lists(messages(name), max_size=4))))
    try:
        ids = tok.encode(chat)
    except RenderError:
        return
    assert tok.decode(ids) == tok.format.on_wire(chat)
    tame_chat = Conversation(messages=tuple(tame(m, tok.format) for m in chat.messages))
    assert special_in(ids) == special_in(tok.encode(tame_chat))
    whole = spans_of(tok, ids, len(ids) or 1)
    assert spans_of(tok, ids, 1) == spans_of(tok, ids, 3) == whole


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_what_is_read_strictly_is_written_again(name: str) -> None:
    walked = [
        walks.check(tokenizer(name), random.Random(f"{name}:{number}"), most=1500)  # noqa: S311
        for number in range(30)
    ]
    assert sum(walked) > 5


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_what_a_prompt_writes_of_reasoning_is_read_as_its_own(name: str) -> None:
    """Where reasoning is empty or not there, and whatever comes after it."""
    tok, written = tokenizer(name), 0
    question = Message(role="user", content="q")
    call = ToolCall(name="f", arguments='{"a": "b"}', id="functions.f:0")
    for thought, content, calls in product((None, "", "a"), ("", "x", "\n", "\nx"), ((), (call,))):
        said = Message(role="assistant", content=content, reasoning=thought, tool_calls=calls)
        try:
            transcript = tok.render([question, said])
        except RenderError:
            continue
        written += 1
        assert spans_of(tok, transcript.ids, 1) == [*transcript.spans]
        saved = transcript.to_dict()
        assert tok.transcript_from_dict(saved).to_dict() == saved
    assert bool(written) is (name not in NEED_MORE)


NEED_MORE = {"gpt-oss", "muse-glimmer"}
"""Rows whose answers need a header field."""
