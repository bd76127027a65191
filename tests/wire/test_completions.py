"""Real completions are read as the tables of ``completions`` say, in pieces and whole."""

from __future__ import annotations

import functools
import random
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from assertions import assert_events_tell_messages, assert_tiles
from chatfmt import ChatTokenizer, IssueKind, Stray, get_tokenizer
from chatfmt.wire.events import ToolCallAbandoned
from completions import Case, told
from completions.tables import TABLE
from completions.thinking import THINKING
from rows import ids_in, tokenizer
from vocabularies import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Event, StreamParser

CASES = [
    pytest.param(name, case, id=f"{name}: {what}")
    for name, cases in TABLE.items()
    for what, case in cases.items()
]
REAL = dict.fromkeys(("qwen-3", "qwen-3-2507", "qwen-3-coder"), "qwen-3")
"""Rows for which wheels ship the vocabulary."""

OF_LAYOUTS = {
    *("name", "arguments", "id", "to", "u0069de", "t", "parameters", "type", "function"),
    *("parameter", "invoke", "True", "None", "json", "string", "true", "false"),
    *("function_calls", "tool_call", "tool_calls", "arg_key", "arg_value"),
    *("think", "response", "message"),
}
"""Words that layouts write around what a model says."""


@functools.cache
def tokenizer_for(name: str) -> ChatTokenizer:
    """Single bytes, but for gpt-oss: there a role must be one token to be told from text."""
    return get_tokenizer(name) if name == "gpt-oss" else tokenizer(name)


def read(parser: StreamParser, ids: Sequence[int], sizes: Sequence[int]) -> list[Event]:
    """The events of ids that come in chunks of these sizes."""
    events: list[Event] = []
    at = 0
    for size in sizes:
        events += parser.feed_all(ids[at : at + size]) if size > 1 else parser.feed(ids[at])
        at += size
    return events + parser.close()


def in_chunks(length: int, seed: str) -> list[int]:
    """Random sizes that add up to this length."""
    draw = random.Random(seed)  # noqa: S311 - the same for each run
    cuts = sorted(draw.sample(range(1, length), k=min(length - 1, length // 4)))
    borders = [0, *cuts, length]
    return [b - a for a, b in pairwise(borders)]


def assert_nothing_is_lost(
    tok: ChatTokenizer, case: Case, parser: StreamParser, events: list[Event]
) -> None:
    """Each word is in a field, a stray text, a call that was given up, or the issue of a key."""
    spellings = "|".join(map(re.escape, tok.format.special_tokens))
    wrote = Counter(re.findall(r"\w\w+", re.sub(spellings, "\n", case.text)))
    kept = [short[-1] for short in told(events, {}) if short[0] not in ("content", "reasoning")]
    kept += [issue.found for issue in parser.issues if issue.kind == IssueKind.MALFORMED_CALL]
    for message in parser.messages:
        kept += [value for value in message.model_dump().values() if isinstance(value, str)]
        kept += [f"{c.name} {c.arguments} {c.id}" for c in message.tool_calls]
    found = Counter(re.findall(r"\w\w+", "\n".join(map(str, kept))))
    given_up = [event.text for event in events if isinstance(event, ToolCallAbandoned)]
    if not any(isinstance(event, Stray) for event in events):  # which may come from within them
        assert [text for text in given_up if text not in case.text] == []
    wrote -= Counter(re.findall(r"\w\w+", "\n".join(given_up)))
    assert {word for word in wrote - found if word not in OF_LAYOUTS} == set()


@pytest.mark.parametrize(("name", "case"), CASES)
def test_it_is_read_as_the_table_says(name: str, case: Case) -> None:
    tok = tokenizer_for(name)
    ids = ids_in(tok, case.text)
    parser = tok.stream(thinking=case.thinking)
    events = read(parser, ids, [1] * len(ids))
    assert parser.messages == case.messages
    assert " ".join(issue.kind for issue in parser.issues) == case.issues
    spellings = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    assert told(events, spellings) == case.events
    assert_tiles(parser.spans, len(ids))
    assert_events_tell_messages(events, parser.messages)
    assert_nothing_is_lost(tok, case, parser, events)
    for sizes in (in_chunks(len(ids), case.text), [len(ids)]):
        other = tok.stream(thinking=case.thinking)
        assert told(read(other, ids, sizes), spellings) == case.events
        assert other.messages == parser.messages
        assert other.issues == parser.issues
        assert other.spans == parser.spans


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_transcript_reads_the_same(name: str, case: Case) -> None:
    tok = tokenizer_for(name)
    ids = ids_in(tok, case.text)
    parser = tok.stream(thinking=case.thinking)
    read(parser, ids, [len(ids)])
    chat = tok.render([{"role": "user", "content": "Go!"}])
    before = len(chat.prompt(thinking=case.thinking))
    draw = in_chunks(len(ids), case.text)
    for size in draw:
        chat.append_completion(ids[len(chat.ids) - before :][:size])
    shifted = [
        span._replace(
            start=span.start - before, stop=span.stop - before, sampled=False, message=None
        )
        for span in chat.spans
        if span.stop > before
    ]
    if chat.open is not None and chat.open.role != "assistant":  # the stop token has begun it
        shifted[-1] = shifted[-1]._replace(part="end")
    assert shifted == [span._replace(message=None) for span in parser.spans]
    read_of_it = chat.conversation.messages[1:]
    if "open_message" not in case.issues:
        assert list(read_of_it) == case.messages
        found = [(i.kind, i.position - before) for i in chat.issues]
        assert found == [(i.kind, i.position) for i in parser.issues]
    else:  # it is open: it may go on
        assert [m.content for m in read_of_it] == [m.content for m in case.messages][
            : len(read_of_it)
        ]
        assert chat.open is not None
        closed = tok.parse(chat.ids, strict=False)
        assert list(closed.conversation.messages[1:]) == case.messages


@pytest.mark.parametrize(("name", "case"), [p for p in CASES if p.values[0] in REAL])
def test_real_vocabularies_make_no_difference(name: str, case: Case) -> None:
    tok = ChatTokenizer(tokenizer(name).format, vocabulary(REAL[name]))
    ids = ids_in(tok, case.text)
    parser, whole = (tok.stream(thinking=case.thinking) for _ in range(2))
    events = read(parser, ids, [1] * len(ids))
    read(whole, ids, [len(ids)])
    assert parser.messages == whole.messages == case.messages
    assert (parser.issues, parser.spans) == (whole.issues, whole.spans)
    assert_events_tell_messages(events, parser.messages)
    assert_nothing_is_lost(tok, case, parser, events)


HEADERS = {
    "gpt-oss": "<|channel|>final<|message|>",
    "muse-glimmer": " to=user<|message|>",
    "reka-edge": " ",
    "solar-open": "<|content|>",
}
"""What stands before an answer, where that is not nothing."""


@pytest.mark.parametrize("name", TABLE)
def test_a_tag_that_is_spelled_as_text_is_text(name: str) -> None:
    tok = tokenizer_for(name)
    for token in tok.format.special_tokens:
        prose = f"To call a tool write {token}, and then"
        header = HEADERS.get(name, "") + "\n</think>\n\n" * (TABLE[name] is THINKING)
        parser = tok.stream()
        parser.feed_all([*ids_in(tok, header), *tok.encoding.encode_ordinary(prose)])
        parser.close()
        said = [message.content or message.reasoning for message in parser.messages]
        assert said == [prose]  # where the prompt opens reasoning, it is one
