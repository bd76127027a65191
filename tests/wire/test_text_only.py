"""Streams that continue a prompt read before, and give out only text."""

from __future__ import annotations

import copy
import pickle
from itertools import product
from typing import TYPE_CHECKING

import pytest

from chatfmt import ChatTokenizer, Message, ParseError, StreamParser, get_tokenizer, stream_text
from chatfmt.errors import ChatfmtError
from chatfmt.wire.fast.text_only import TextOnly
from chatfmt.wire.read.steps import steps_of
from formats_under_test import FORMATS, tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HELLO, COMMA, WORLD, SEP, END = 13225, 11, 2375, 200266, 200265
IDS = [HELLO, COMMA, WORLD, END]


@pytest.fixture(scope="module")
def tok() -> ChatTokenizer:
    found = get_tokenizer("gpt-4o")
    assert [*found.stream().texts(IDS)]  # from now on these ids are known
    return found


def fresh(tok: ChatTokenizer, role: str, *, strict: bool, thinking: bool | None) -> StreamParser:
    """What `ChatTokenizer.stream` gives, without what is remembered."""
    parser = StreamParser(tok._binding, strict=strict, prologue=False)
    parser.prime(tok._renderer.prompt(role, thinking=thinking))
    parser.restrict(role)
    parser.stop_tokens = tok._renderer.stops(role)
    return parser


def all_told(parser: StreamParser, ids: Sequence[int]) -> tuple[object, ...]:
    """All that a parser tells of some ids."""
    events: list[object] = []
    try:
        for token in ids:
            events += parser.feed(token)
            events += [parser.position, parser.open, parser.open_content, parser.missing]
        events += parser.close()
    except ParseError as error:
        events.append(str(error))
    return events, parser.messages, parser.issues, parser.spans


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("strict", [False, True])
def test_each_goes_on_from_the_prompt_by_itself(name: str, strict: bool) -> None:  # noqa: FBT001 - a parameter
    tok = tokenizer_for(name)
    text = tok.encoding.encode_ordinary("So, <think>\nit\n</think>\n\nis: \N{OWL}")
    special = [tok.encoding.special_tokens[token] for token in tok.format.special_tokens]
    tails = [[*special[-1:]], [*tok.stop_tokens], [*special, *text], text[:1]]
    for role, thinking in product(sorted(tok.format.prompted), (None, True, False)):
        try:
            parsers = [tok.stream(role, strict=strict, thinking=thinking) for _ in tails]
        except ChatfmtError:
            continue  # there is no such prompt
        for parser, tail in zip(parsers, tails, strict=True):  # one after the other
            plain = fresh(tok, role, strict=strict, thinking=thinking)
            assert isinstance(parser, TextOnly)
            assert parser._told == []
            assert all_told(parser, [*text, *tail]) == all_told(plain, [*text, *tail])
            assert parser._told is None
            for _ in range(2):  # the second time the ids are known
                quick = tok.stream(role, thinking=thinking)
                plain = fresh(tok, role, strict=False, thinking=thinking)
                assert [*quick.texts([*text, *tail])] == [*plain.texts([*text, *tail])]
                assert (quick.messages, quick.issues) == (plain.messages, plain.issues)
                assert (quick.position, quick.open) == (plain.position, plain.open)


def test_text_needs_no_parser(tok: ChatTokenizer) -> None:
    parser = tok.stream()
    assert [*stream_text(parser, IDS)] == ["Hello", ",", " world"]
    assert isinstance(parser, TextOnly)
    assert parser._told == IDS
    assert parser.messages == [Message(role="assistant", content="Hello, world")]
    assert parser._told is None
    assert parser.position == len(IDS)
    assert [(span.part, span.start, span.stop) for span in parser.spans] == [
        ("content", 0, 3),
        ("end", 3, 4),
    ]


LOOKS: dict[str, tuple[Callable[[StreamParser], object], list[object]]] = {
    "position": (lambda parser: parser.position, [1, 2, 3]),
    "content": (
        lambda parser: parser.open_content and parser.open_content.content,
        ["Hello", "Hello,", "Hello, world"],
    ),
    "strict": (lambda parser: parser.strict, [False] * 3),
}


@pytest.mark.parametrize("look", LOOKS)
def test_more_may_be_asked_for_between_two_texts(tok: ChatTokenizer, look: str) -> None:
    ask, expected = LOOKS[look]
    parser = tok.stream()
    seen = [(text, ask(parser)) for text in parser.texts(IDS)]
    assert seen == [*zip(["Hello", ",", " world"], expected, strict=True)]
    assert [message.content for message in parser.messages] == ["Hello, world"]


def test_a_look_at_the_first_text_alone_loses_nothing(tok: ChatTokenizer) -> None:
    parser = tok.stream()
    for text in parser.texts(IDS):
        if text == "Hello":
            assert parser.feed_text(COMMA) == ","
    assert parser.messages == [Message(role="assistant", content="Hello,, world")]


def test_texts_go_on_where_they_were_left(tok: ChatTokenizer) -> None:
    parser = tok.stream()
    texts = parser.texts([HELLO, COMMA])
    assert next(texts) == "Hello"
    assert [*parser.texts([WORLD, END])] == [" world"]
    assert parser.messages == [Message(role="assistant", content="Hello world")]
    plain = fresh(tok, "assistant", strict=False, thinking=None)
    parser = tok.stream()
    assert [*parser.texts(IDS)] == [*plain.texts(IDS)]
    assert [*parser.texts(IDS)] == [*plain.texts(IDS)] == []
    assert parser.issues
    assert parser.issues == plain.issues


def test_what_is_no_plain_text_is_read_as_ever(tok: ChatTokenizer) -> None:
    class Other(int):
        """An integer of another type."""

    owl = tok.encoding.encode_ordinary("\N{OWL}")
    assert len(owl) > 1
    assert [*tok.stream().texts([*owl, END])] == ["\N{OWL}"]
    assert [*tok.stream().texts([HELLO, *owl, COMMA, END])] == ["Hello", "\N{OWL}", ","]
    assert [*tok.stream().texts([HELLO, owl[0]])] == ["Hello", "\ufffd"]
    assert [*tok.stream().texts(map(Other, IDS))] == ["Hello", ",", " world"]
    assert [*tok.stream().texts([HELLO, Other(COMMA), END])] == ["Hello", ","]
    assert [*tok.stream().texts([])] == []
    parser = tok.stream()
    assert [*parser.texts([END])] == []
    assert parser.messages == [Message(role="assistant", content="")]
    assert [*tok.stream().texts([HELLO, 1, END])] == ["Hello", '"']
    with pytest.raises(TypeError):
        [*tok.stream().texts([HELLO, True])]
    with pytest.raises(ParseError):
        [*tok.stream(strict=True).texts([HELLO, SEP])]


def test_other_tokens_may_stop_it(tok: ChatTokenizer) -> None:
    parser = tok.stream()
    parser.stop_tokens = frozenset({COMMA})
    assert [*parser.texts(IDS)] == ["Hello", ",", " world"]
    assert parser.messages[0].content == "Hello, world"
    assert parser.stop_tokens == {COMMA}


def test_what_is_remembered_may_be_forgotten(tok: ChatTokenizer) -> None:
    steps_of(tok._binding).forget()
    for _ in range(2):
        parser, plain = tok.stream(), fresh(tok, "assistant", strict=False, thinking=None)
        assert parser.stands_with(plain)
        assert [*parser.texts(IDS)] == [*plain.texts(IDS)] == ["Hello", ",", " world"]
        assert parser.stands_with(plain)
    parser = tok.stream()
    assert [*parser.texts(IDS)]
    assert isinstance(parser, TextOnly)
    assert parser._told == IDS  # and learnt again


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda parser: pickle.loads(pickle.dumps(parser))]
)
@pytest.mark.parametrize("before", [[], [HELLO], IDS])
def test_a_parser_can_be_copied(
    tok: ChatTokenizer, copied: Callable[[StreamParser], StreamParser], before: list[int]
) -> None:
    parser = tok.stream()
    assert len([*parser.texts(before)]) == len(before[:3])
    other = copied(parser)
    expected = [message.content for message in parser.messages]
    assert [message.content for message in other.messages] == expected
    assert other.position == parser.position
    with pytest.raises(AttributeError):
        _ = other.nothing  # type: ignore[attr-defined]
