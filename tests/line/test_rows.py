"""Each row of the table is proved, and writes and reads back what it can carry."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING, Any

import pytest

import rows
from chatfmt import (
    FORMAT_ROWS,
    ChatFormat,
    ChatTokenizer,
    Conversation,
    Message,
    ParseError,
    RenderError,
    extend_encoding,
)
from chatfmt.encodings import get_encoding
from chatfmt.line.choose import mismatch
from rows import agent, conversations, fits, tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt import Transcript
    from chatfmt.line.lines import Line

ROWS = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in FORMAT_ROWS]
)
"""One process tries all of a row, since it writes and reads the same conversations for each law."""


@functools.cache
def written(name: str) -> list[tuple[Conversation, list[int]]]:
    """The conversations that the row can carry; whatever it refuses, it refuses in one way."""
    tok = tokenizer(name)
    found = []
    for chat in conversations(tok.format):
        try:
            found.append((chat, tok.encode(chat)))
        except RenderError:
            continue
    return found


@functools.cache
def parsed(name: str) -> list[Transcript]:
    """The ids of those conversations, read at once."""
    tok = tokenizer(name)
    return [tok.parse(ids) for _, ids in written(name)]


@ROWS
def test_it_is_proved_and_says_where_it_comes_from(name: str) -> None:
    proved = ChatFormat(name=name, **FORMAT_ROWS[name])
    assert proved.source
    assert proved.stop_spellings
    for fence in proved.fences:  # each that is listed is needed
        without = {**FORMAT_ROWS[name], "fences": [f for f in proved.fences if f != fence]}
        with pytest.raises(ValueError, match="list that text"):
            ChatFormat(name=name, **without)


@ROWS
def test_what_it_writes_is_read_back(name: str) -> None:
    tok = tokenizer(name)
    whole = agent(tok.format)
    assert tok.decode(tok.encode(whole)) == tok.format.on_wire(whole)
    chats = written(name)
    assert len(chats) > len(tok.format.lines_of) * 10, "hardly anything is carried"
    for chat, ids in chats:
        assert tok.decode(ids) == tok.format.on_wire(chat)


@ROWS
def test_a_stream_reads_what_is_read_at_once(name: str) -> None:
    tok = tokenizer(name)
    for (chat, ids), whole in zip(written(name), parsed(name), strict=True):
        parser = tok.stream(role=None, strict=True)
        for token in ids:
            parser.feed(token)
        parser.close()
        assert tuple(parser.messages) == tok.format.on_wire(chat).messages
        assert parser.spans == whole.spans


@ROWS
def test_the_reader_gives_the_spans_of_the_writer(name: str) -> None:
    tok = tokenizer(name)
    for (chat, ids), whole in zip(written(name), parsed(name), strict=True):
        rendered = tok.render(chat)  # which leaves an envelope open
        read = whole if rendered.ids == ids else tok.parse(rendered.ids)
        assert read.spans == rendered.spans


@pytest.mark.parametrize("name", ["qwen-2.5", "hermes-3", "ling-3"])
def test_where_a_result_begins_after_ordinary_text_is_known_to_the_id(name: str) -> None:
    of_bytes = tokenizer(name)
    base = get_encoding("o200k_base")
    tokens = [t for t in of_bytes.format.special_tokens if t not in base._special_tokens]
    tok = ChatTokenizer(of_bytes.format, extend_encoding(base, f"o200k of {name}", tokens))
    results = [
        Message(role="tool", content=text) for text in ("12\n", "", "\n<tool_response>é", "x")
    ]
    for chat in (results, [*results, Message(role="assistant", content="Done.")]):
        rendered = tok.render(chat)
        assert max(len(tok.encoding.token_bytes(token)) for token in rendered.ids) > 3
        assert tok.parse(rendered.ids).spans == rendered.spans
        parser = tok.stream(role=None, strict=True)
        for token in rendered.ids:
            parser.feed(token)
        parser.feed_all([])
        assert parser.spans == rendered.spans


@ROWS
def test_a_prompt_begins_the_reply_that_fits_it(name: str) -> None:
    tok = tokenizer(name)
    tried = 0
    for chat, ids in written(name):
        *before, reply = chat.messages
        if reply.role in tok.format.prompted and fits(tok.format, reply):
            prompt = tok.encode_prompt(before, role=reply.role, name=prompted_name(tok, reply))
            assert ids[: len(prompt)] == prompt
            parser = tok.stream(role=reply.role)
            for token in ids[len(prompt) :]:
                parser.feed(token)
            tried += 1
    assert tried


@ROWS
def test_which_tokens_are_special_depends_on_the_shape_alone(name: str) -> None:
    tok = tokenizer(name)
    special = frozenset(tok.encoding.special_tokens.values())
    for chat, ids in written(name):
        tame = Conversation(messages=tuple(tamed(m, tok.format) for m in chat.messages))
        expected = [token for token in tok.encode(tame) if token in special]
        assert [token for token in ids if token in special] == expected


@ROWS
def test_an_answer_is_trained_to_stop(name: str) -> None:
    tok = tokenizer(name)
    answers = [
        chat
        for chat, _ in written(name)
        if chat.messages[-1].role == "assistant" and may_stop(tok.format, chat.messages[-1])
    ]
    assert answers
    for chat in answers:
        example = tok.encode_for_training(chat)
        ends = [t for t, weight in zip(example.input_ids, example.weights, strict=True) if weight]
        assert ends[-1] in tok.stop_tokens


def may_stop(format: ChatFormat, reply: Message) -> bool:
    """Whether the model may stop after such a message: it goes on after reasoning, say."""
    line = line_of(format, reply)
    return line.training_end is not None or format.stops_at(line.ends[0])


def line_of(format: ChatFormat, message: Message) -> Line:
    """The line that such a message is written along."""
    return next(line for line in format.lines_of[message.role] if mismatch(line, message) is None)


def prompted_name(tok: ChatTokenizer, reply: Message) -> str | None:
    """The name that stands in the prompt of the reply."""
    return reply.name if "name" in str(tok.format.lines_of[reply.role][0].prompt) else None


def tamed(message: Message, format: ChatFormat) -> Message:
    """A message of the same shape, with texts that spell nothing."""
    texts = {
        field: value and "x"
        for field in ("content", "reasoning", "tools")
        if (value := getattr(message, field)) is not None
    }
    calls = tuple(
        call.model_copy(update={"arguments": rows.tamed(call.arguments, format)})
        for call in message.tool_calls
    )
    return message.model_copy(update={**texts, "tool_calls": calls})


@ROWS
def test_what_decode_has_learnt_changes_nothing(name: str) -> None:
    tok = tokenizer(name)
    draw = random.Random(name)  # noqa: S311 - the same for each run
    special = [*tok.encoding.special_tokens.values()]
    chats = [ids for chat, ids in written(name) if ids and len(chat.messages) > 1]
    for _, ids in written(name):
        tok.decode(ids)  # which learns
    for ids in draw.sample(chats, k=min(60, len(chats))):
        at = draw.randrange(len(ids))
        damaged = (
            ids[:at] + ids[at + 1 :],
            [*ids[:at], draw.choice(special), *ids[at + 1 :]],
            [*ids[:at], draw.choice(ids), *ids[at:]],
            ids[:at],
        )
        for some in (ids, *damaged):
            assert read(tok.decode, some) == read(tok.parse, some)


def read(way: Callable[[list[int]], Any], ids: list[int]) -> Any:
    """The messages, or where they are malformed."""
    try:
        found = way(ids)
    except ParseError as error:
        return error.issue
    return getattr(found, "conversation", found).messages
