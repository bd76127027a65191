"""Streams: exact at every byte, and the same as the parser without its shortcut."""

from __future__ import annotations

import asyncio
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import (
    ChatTokenizer,
    ContentDelta,
    IssueKind,
    Message,
    MessageEnd,
    MessageStart,
    ParseError,
    astream_events,
    astream_text,
    get_format,
    get_tokenizer,
    stream_events,
    stream_text,
)
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from letters import row
from strategies import messages, mutated, random_ids, retokenized

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from chatfmt import Event, StreamParser

END = 200265


@pytest.fixture(scope="module")
def tok() -> ChatTokenizer:
    return get_tokenizer("gpt-4o")


@pytest.fixture(scope="module")
def by_bytes(tok: ChatTokenizer) -> dict[bytes, int]:
    special = set(tok.encoding.special_tokens.values())
    vocabulary = (i for i in range(199998) if i not in special)
    return {tok.encoding.token_bytes(token): token for token in vocabulary}


def collect(stream: AsyncIterator[str] | AsyncIterator[Event]) -> list[str | Event]:
    async def all_of_it() -> list[str | Event]:
        return [item async for item in stream]

    return asyncio.run(all_of_it())


async def later(ids: Sequence[int]) -> AsyncIterator[int]:
    for token in ids:
        await asyncio.sleep(0)
        yield token


# -- every character, split everywhere -------------------------------------------------------------


def splits(data: bytes) -> Iterator[list[bytes]]:
    """All ways to cut the bytes into pieces."""
    for cuts in range(1 << (len(data) - 1)):
        pieces, start = [], 0
        for at in range(1, len(data) + 1):
            if at == len(data) or cuts >> (at - 1) & 1:
                pieces.append(data[start:at])
                start = at
        yield pieces


def test_every_scalar_split_everywhere(tok: ChatTokenizer, by_bytes: dict[bytes, int]) -> None:
    """All characters of up to two bytes, and of the others each 97th and those at the borders."""
    borders = [b + d for b in (0x800, 0xD800, 0xE000, 0xFFFD, 0x10000) for d in (-1, 0, 1)]
    points = [*range(0x800), *range(0x800, 0x110000, 97), *borders, 0x10FFFF]
    for point in points:
        if 0xD800 <= point <= 0xDFFF:
            continue
        text = chr(point)
        for pieces in splits(text.encode()):
            if not all(piece in by_bytes for piece in pieces):
                continue
            parser = tok.stream()
            ids = [15, *(by_bytes[piece] for piece in pieces), 15]
            deltas = [parser.feed_text(token) for token in ids]
            assert deltas == ["0", *[""] * (len(pieces) - 1), text, "0"]
            assert not parser.issues


class AnyBytes:
    """An encoding in which any bytes, up to a whole character's, are a token."""

    special_tokens: Mapping[str, int] = {"<|im_start|>": 0, "<|im_sep|>": 1, "<|im_end|>": 2}
    n_vocab = 1 << 40
    fingerprint = "any bytes"

    @staticmethod
    def token(data: bytes) -> int:
        return int.from_bytes(b"\x01" + data)

    def encode_ordinary(self, text: str) -> list[int]:
        return [self.token(char.encode()) for char in text]

    def token_bytes(self, token: int) -> bytes:
        if token < 256:  # a special token
            raise KeyError(token)
        return token.to_bytes((token.bit_length() + 7) // 8)[1:]


@pytest.mark.slow
@pytest.mark.parametrize("plane", range(17))
def test_every_scalar_of_a_plane_split_everywhere(plane: int) -> None:
    """Also where no vocabulary of today has such tokens. Of the higher planes each 7th."""
    points = range(plane << 16, (plane + 1) << 16, 7 if plane else 1)
    characters = [chr(point) for point in points if not 0xD800 <= point < 0xE000]
    tok = ChatTokenizer(get_format("gpt-4o"), AnyBytes())
    for length in range(1, 5):
        encoded = [(text, data) for text in characters if len(data := text.encode()) == length]
        for way in splits(bytes(length)):
            cuts = [0, *accumulate(map(len, way))]
            parser = tok.stream(strict=True)
            for text, data in encoded:
                *first, last = [AnyBytes.token(data[a:b]) for a, b in pairwise(cuts)]
                assert not any(map(parser.feed_text, first))
                assert parser.feed_text(last) == text
            parser.feed(2)
            [message] = parser.messages
            assert message.content == "".join(text for text, _ in encoded)


# -- the short cut ---------------------------------------------------------------------------------


def long_way(parser: StreamParser, ids: Sequence[int]) -> list[Event]:
    """The events of the parser, without its short cut for whole text."""
    events: list[Event] = []
    for token in ids:
        parser._sink = None
        events += parser.feed(token)
    return events


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_the_short_cut_changes_nothing(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    special = [tok.encoding.special_tokens[s] for s in tok.format.special_tokens]
    reply = data.draw(messages(name).filter(lambda message: message.role == "assistant"))
    ids = tok.encode([reply], prologue=False)[len(tok.encode_prompt([], prologue=False)) :]
    ids = data.draw(st.just(ids) | retokenized(ids, encoding_for(name)))
    n_vocab = tok.encoding.n_vocab
    ids = data.draw(st.just(ids) | mutated(ids, n_vocab) | random_ids(n_vocab, special))
    slow, fast, text = (tok.stream() for _ in range(3))
    expected = long_way(slow, ids)
    assert [event for token in ids for event in fast.feed(token)] == expected
    texts = [text.feed_text(token) for token in ids]
    deltas = [e for e in expected if isinstance(e, ContentDelta) and e.part == "content"]
    assert "".join(texts) == "".join(delta.text for delta in deltas)
    assert slow.close() == fast.close() == text.close()
    for parser in (fast, text):
        assert parser.messages == slow.messages
        assert parser.issues == slow.issues
        assert parser.spans == slow.spans


# -- the four helpers ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_helpers_tell_what_the_parser_tells(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    reply = data.draw(messages(name).filter(lambda message: message.role == "assistant"))
    ids = tok.encode([reply], prologue=False)[len(tok.encode_prompt([], prologue=False)) :]
    ids = data.draw(st.just(ids) | retokenized(ids, encoding_for(name)))
    ids = ids[: data.draw(st.integers(0, len(ids)))]
    stop = next((i + 1 for i, token in enumerate(ids) if token in tok.stop_tokens), len(ids))

    parser = tok.stream()
    expected = [event for token in ids[:stop] for event in parser.feed(token)]
    cut = not ids[:stop] or ids[stop - 1] not in tok.stop_tokens
    expected += parser.close() if cut else parser.feed_all([])  # either writes the last span
    events, texts = tok.stream(), tok.stream()
    assert list(stream_events(events, ids)) == expected
    deltas = [e for e in expected if isinstance(e, ContentDelta) and e.part == "content"]
    assert list(stream_text(texts, ids)) == [delta.text for delta in deltas]
    for helped in (events, texts):
        assert helped.messages == parser.messages
        assert helped.issues == parser.issues
        assert helped.position == parser.position
        assert cut or helped.feed_all([]) == []
        assert helped.spans == parser.spans


def test_they_stop_behind_the_stop_token_and_take_no_more(tok: ChatTokenizer) -> None:
    given = [13225, 11, END, 11, END]
    for run in (
        lambda ids: list(stream_text(tok.stream(), ids)),
        lambda ids: list(stream_events(tok.stream(), ids)),
    ):
        ids = iter(given)
        run(ids)
        assert list(ids) == [11, END]
    assert list(stream_text(tok.stream(), given)) == ["Hello", ","]
    assert collect(astream_text(tok.stream(), later(given))) == ["Hello", ","]
    events = list(stream_events(tok.stream(), given))
    assert events == [
        MessageStart(0, "assistant"),
        ContentDelta(0, "content", "Hello"),
        ContentDelta(0, "content", ","),
        MessageEnd(0, Message(role="assistant", content="Hello,"), END),
    ]
    assert collect(astream_events(tok.stream(), later(given))) == events


def test_a_cut_is_told_and_half_a_character_with_it(tok: ChatTokenizer) -> None:
    half = tok.encoding.encode_ordinary("🙃")[0]
    given = [13225, half]
    assert list(stream_text(tok.stream(), given)) == ["Hello", "\ufffd"]
    assert collect(astream_text(tok.stream(), later(given))) == ["Hello", "\ufffd"]
    parser = tok.stream()
    *_, delta, last = stream_events(parser, given)
    assert delta == ContentDelta(0, "content", "\ufffd")
    assert last == MessageEnd(0, Message(role="assistant", content="Hello\ufffd"), None)
    assert collect(astream_events(tok.stream(), later(given)))[-2:] == [delta, last]
    kinds = [issue.kind for issue in parser.issues]
    assert kinds == [IssueKind.OPEN_MESSAGE, IssueKind.INVALID_UTF8]


def test_a_replacement_character_in_the_text_is_text(tok: ChatTokenizer) -> None:
    parser = tok.stream(strict=True)
    ids = [*tok.encoding.encode_ordinary("a\ufffdb\ufffd"), END]
    assert "".join(stream_text(parser, ids)) == "a\ufffdb\ufffd"
    assert not parser.issues


def test_a_strict_stream_raises_and_is_finished(tok: ChatTokenizer) -> None:
    parser = tok.stream(strict=True)
    with pytest.raises(ParseError, match="not in the vocabulary"):
        list(stream_text(parser, [13225, 11, -1]))
    for again in (
        lambda: parser.feed(11),
        lambda: parser.feed_text(11),
        lambda: parser.feed_all([11]),
        parser.close,
    ):
        with pytest.raises(ParseError, match="not in the vocabulary"):
            again()


WAYS_IN: dict[str, Callable[[StreamParser, list[int]], object]] = {
    "feed": lambda parser, ids: parser.feed(ids[0]),
    "feed_text": lambda parser, ids: parser.feed_text(ids[0]),
    "feed_all": lambda parser, ids: parser.feed_all(ids),
    "feed_all, nothing": lambda parser, _: parser.feed_all([]),
    "prime": lambda parser, ids: parser.prime(ids),
    "events": lambda parser, ids: list(stream_events(parser, ids)),
    "text": lambda parser, ids: list(stream_text(parser, ids)),
    "async events": lambda parser, ids: collect(astream_events(parser, later(ids))),
    "async text": lambda parser, ids: collect(astream_text(parser, later(ids))),
}


@pytest.mark.parametrize("before", [[], [13225], [13225, END], [END, 13225]])
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("way", WAYS_IN)
def test_a_closed_parser_is_closed(
    tok: ChatTokenizer, way: str, before: list[int], *, strict: bool
) -> None:
    parser = tok.stream(strict=strict)
    if strict and before[-1:] != [END]:
        return  # what is raised then is raised again, as the test above shows
    parser.feed_all(before)
    parser.close()
    stands = parser.messages.copy(), parser.spans.copy(), parser.issues.copy(), parser.position
    for ids in ([13225, END], [END]):
        with pytest.raises(ValueError, match="the parser is closed"):
            WAYS_IN[way](parser, ids)
        assert parser.close() == []
        assert (parser.messages, parser.spans, parser.issues, parser.position) == stands


def test_a_position_counts_every_id_at_once(tok: ChatTokenizer) -> None:
    parser = tok.stream()
    ids = [13225, 11, *tok.encoding.encode_ordinary("🙃"), 11, 11, END, END]
    for index, token in enumerate(ids):
        assert parser.position == index
        parser.feed_text(token)
    parser = tok.stream()
    for index, _ in enumerate(stream_text(parser, [13225, 11, 11, END]), 1):
        assert parser.position == index
        parser.set_sampled(sampled=bool(index % 2))
    assert [span[:2] for span in parser.spans] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_reasoning_is_no_text() -> None:
    tok = tokenizer_for("think")
    reply = Message(role="assistant", reasoning="Well", content="4")
    ids = tok.encode([reply])[len(tok.encode_prompt([])) :]
    assert "".join(stream_text(tok.stream(), ids)) == "4"
    parts = [e.part for e in stream_events(tok.stream(), ids) if isinstance(e, ContentDelta)]
    assert parts[0] == "reasoning"
    assert parts[-1] == "content"


def test_a_transcript_streams_what_comes_next(tok: ChatTokenizer) -> None:
    chat = tok.render([{"role": "user", "content": "2+2?"}])
    assert list(stream_text(chat.stream(), [13225, END])) == ["Hello"]
    assert chat.open is None
    chat.prompt(prefill="Sure, ")
    assert list(stream_text(chat.stream(), [13225, END])) == ["Sure, Hello"]


def test_headers_stream_their_fields() -> None:
    tok = tokenizer_for("harmony")
    said = [
        Message(role="assistant", channel="analysis", content="Hm."),
        Message(role="assistant", recipient="functions.f", channel="commentary", content="{}"),
    ]
    call = tok.encoding.special_tokens["<|call|>"]
    ids = [*tok.encode(said)[len(tok.encode_prompt([])) : -1], call, 11]
    events = list(stream_events(tok.stream(), ids))
    assert [event.message for event in events if isinstance(event, MessageEnd)] == said
    assert events[-1] == MessageEnd(1, said[1], call)


@pytest.mark.parametrize("way", ["feed", "feed_all", "feed_text", "texts", "events"])
def test_every_way_to_feed_counts_the_ids(tok: ChatTokenizer, way: str) -> None:
    ids = tok.encoding.encode_ordinary("Hello, world 🦉 again")
    parser = tok.stream()
    if way in ("feed", "feed_text"):
        for token in ids:
            getattr(parser, way)(token)
        parser.close()
    elif way == "feed_all":
        parser.feed_all(ids)
        parser.close()
    else:
        assert list(getattr(parser, way)(ids))
    assert parser.position == len(ids)
    assert [(issue.kind, issue.position) for issue in parser.issues] == [
        (IssueKind.OPEN_MESSAGE, len(ids))
    ]
    assert parser.spans[-1].stop == len(ids)
    assert parser.messages[0].content == "Hello, world 🦉 again"


@pytest.mark.parametrize("name", ["think", "thinks"])
def test_only_the_content_of_what_is_fed_comes_back_as_text(name: str) -> None:
    tok = tokenizer_for(name)
    chat = [Message(role="assistant", reasoning="So it is.", content="Yes, I do.")]
    ids = tok.encode(chat)[len(tok.encode_prompt(())) :]
    parser = tok.stream()
    pieces = [parser.feed_text(token) for token in ids]
    assert "".join(pieces) == "".join(tok.stream().texts(ids)) == "Yes, I do."
    assert pieces[-1] == ""
    assert parser.messages == chat


@pytest.mark.parametrize("way", ["append_completion", "stream"])
def test_a_message_that_follows_its_like_is_the_models_from_its_first_id(way: str) -> None:
    tok = tokenizer_for("harmony")
    thought = Message(role="assistant", channel="analysis", content="Hm.")
    said = Message(role="assistant", channel="final", content="Yes.")
    written = tok.render([thought, said])
    prompt, begun = len(tok.encode_prompt([])), len(tok.encode([thought]))
    transcript = tok.render([])
    assert transcript.append_completion(written.ids[prompt:begun]).messages == (thought,)
    if way == "append_completion":
        assert transcript.append_completion(written.ids[begun:]).messages == (said,)
        assert transcript.ids == written.ids
        spans = transcript.spans
    else:
        parser = transcript.stream()
        parser.feed_all(written.ids[begun:])
        assert parser.messages == [said]
        spans = [span._replace(start=span.start + begun) for span in parser.spans]
    header = next(span for span in spans if span.start >= begun)
    assert (header.start, header.part, header.generated) == (begun, "header", True)


def test_a_stream_without_text_gives_none() -> None:
    async def no_ids() -> AsyncIterator[int]:
        no_ids: tuple[int, ...] = ()
        for token in no_ids:
            yield token

    async def pieces() -> list[str]:
        return [piece async for piece in astream_text(get_tokenizer("gpt-4o").stream(), no_ids())]

    assert asyncio.run(pieces()) == []


def test_a_header_that_the_model_writes_is_generated_from_its_first_token() -> None:
    ends = {"<e>": "continue", "<z>": "stop"}
    line = "<s>{role}{^}\n{content}{end}"
    tok = row({"assistant": line}, ends=ends)
    chat = [Message(role="assistant", content="a")] * 2
    read = tok.parse(tok.encode(chat))
    assert read.spans == tok.render(chat).spans
    assert all(span.generated for span in read.spans if span.message == 1)
