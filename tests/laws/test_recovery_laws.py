"""Nothing that a model wrote is lost: canonical sequences, each with one error."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest
import regex

from assertions import assert_tiles
from chatfmt import ContentDelta, IssueKind, Message, ParseError
from chatfmt.wire.events import Stray
from formats_under_test import FORMATS, LINES, tokenizer_for
from recovery import ids_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatfmt import ChatTokenizer, Event, Issue, StreamParser

# In characters that no format writes, so that they can be found again.
VALUES = {
    "name": "姓名",
    "recipient": "工具",
    "channel": "道路",
    "content_type": "格式",
    "reasoning": "思考",
    "content": "回答 完了",
}
MARKED = frozenset("".join(VALUES.values()).replace(" ", ""))
UNKNOWN = "<|endoftext|>"
STRANGE = 10_000_000
Pieces = tuple["str | int", ...]


class Wrong(NamedTuple):
    """A sequence with one thing wrong."""

    what: str
    pieces: Pieces


def canonical(tok: ChatTokenizer) -> list[Message]:
    """For the last roles a message with all fields that it can have, and one with the fewest."""
    messages = []
    for role, line in tok.format.templates.items():
        every = {name: VALUES[name] for name in line.fields if name != "role"}
        few = {
            name: VALUES[name] for name, needed in line.fields.items() if needed and name in every
        }
        messages += [Message(role=role, **every), Message(role=role, **few)]  # type: ignore[arg-type]
    return messages[-4:]


def pieces_of(tok: ChatTokenizer, ids: Sequence[int]) -> Pieces:
    """Special tokens, words, white space, and what stands between the words of headers."""
    special = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    pieces: list[str] = []
    text: list[int] = []
    for token in [*ids, None]:
        if token is not None and token not in special:
            text.append(token)
            continue
        pieces += regex.findall(
            r"\s+|\p{Han}+|[^\s\p{Han}]+",
            b"".join(map(tok.encoding.token_bytes, text)).decode(),
        )
        text = []
        if token is not None:
            pieces.append(special[token])
    return tuple(pieces)


def deviations(tok: ChatTokenizer, pieces: Pieces) -> Iterator[Wrong]:
    """The pieces with one thing wrong."""
    for i, piece in enumerate(pieces):
        before, after = pieces[:i], pieces[i + 1 :]
        for white in (" ", "\n"):
            yield Wrong("white space added", (*before, white, *pieces[i:]))
        yield Wrong("unknown token", (*before, UNKNOWN, *pieces[i:]))
        yield Wrong("unknown id", (*before, STRANGE, *pieces[i:]))
        yield Wrong("piece doubled", (*before, piece, *pieces[i:]))
        if isinstance(piece, str) and piece.isspace():
            yield Wrong("white space dropped", (*before, *after))
        if piece in tok.format.special_tokens:
            yield Wrong("token left out", (*before, *after))
        if after:
            yield Wrong("pieces exchanged", (*before, after[0], piece, *after[1:]))
        if len(after) > 2:
            yield Wrong("pairs exchanged", (*before, *after[1:3], piece, after[0], *after[3:]))


def read(parser: StreamParser, ids: Sequence[int]) -> list[Event]:
    """The events of a parser, one id at a time."""
    events = [event for token in ids for event in parser.feed(token)]
    return [*events, *parser.close()]


def joined(events: Sequence[Event]) -> list[Event]:
    """The events, with text of one field that came in pieces as one."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if (
            isinstance(event, ContentDelta)
            and isinstance(last, ContentDelta)
            and event[:2] == last[:2]
        ):
            found[-1] = event._replace(text=last.text + event.text)
        else:
            found.append(event)
    return found


def marked(text: str) -> Counter[str]:
    return Counter(character for character in text if character in MARKED)


def shown(parser: StreamParser, events: Sequence[Event]) -> Counter[str]:
    """All marked characters in the fields of messages, and in stray events."""
    texts = [event.text for event in events if isinstance(event, Stray)]
    for message in parser.messages:
        texts += [value for value in message.model_dump().values() if isinstance(value, str)]
    return marked("".join(texts))


def both_ways(tok: ChatTokenizer, ids: Sequence[int], role: str | None = None) -> StreamParser:
    """A lenient parser that has read the ids and lost nothing of them, whole as one by one."""
    parser, whole = tok.stream(role), tok.stream(role)
    events = read(parser, ids)
    at_once = [*whole.feed_all(ids), *whole.close()]
    assert joined(at_once) == joined(events)
    assert (whole.messages, whole.issues, whole.spans) == (
        parser.messages,
        parser.issues,
        parser.spans,
    )
    assert_tiles(parser.spans, len(ids))
    text = b"".join(map(spell(tok), ids)).decode()
    assert shown(parser, events) == marked(text)
    return parser


def spell(tok: ChatTokenizer) -> Callable[[int], bytes]:
    """What an id of text stands for; nothing for any other."""
    special = {*tok.encoding.special_tokens.values(), STRANGE}
    return lambda token: b"" if token in special else tok.encoding.token_bytes(token)


def assert_issue_names_the_place(
    tok: ChatTokenizer, ids: list[int], right: list[int], issues: Sequence[Issue]
) -> None:
    """Strict reading stops at the first issue: not before the ids differ, if they do so at all."""
    severe = [issue for issue in issues if issue.kind is not IssueKind.STRADDLING_TOKEN]
    if not severe:
        tok.decode(ids)
        return
    with pytest.raises(ParseError) as error:
        tok.decode(ids)
    assert error.value.issue == severe[0]
    same = next(
        (i for i, (a, b) in enumerate(zip(ids, right, strict=False)) if a != b),
        min(len(ids), len(right)),
    )
    assert same <= severe[0].position <= len(ids)
    assert all(one.position <= other.position for one, other in pairwise(severe))


def written(messages: Sequence[Message]) -> Counter[str]:
    """The marked characters of free text."""
    return marked("".join((message.reasoning or "") + message.content for message in messages))


@pytest.mark.parametrize("name", [*FORMATS, *LINES])
def test_nothing_is_lost(name: str) -> None:
    tok = tokenizer_for(name)
    messages = canonical(tok)
    pieces = pieces_of(tok, tok.encode(messages))
    right = ids_of(tok, pieces)
    assert [*tok.decode(right).messages] == messages
    for wrong in deviations(tok, pieces):
        ids = ids_of(tok, wrong.pieces)
        parser = both_ways(tok, ids)
        assert_issue_names_the_place(tok, ids, right, parser.issues)
        if wrong.what in ("white space added", "unknown token", "unknown id"):
            assert not written(messages) - written(parser.messages), wrong


@pytest.mark.parametrize("name", [*FORMATS, *LINES])
def test_nothing_is_lost_where_tokens_are_the_encodings_own(name: str) -> None:
    """The same with tokens that hold the end of one piece and the beginning of the next."""
    tok = tokenizer_for(name)
    pieces = pieces_of(tok, tok.encode(canonical(tok)))
    for wrong in deviations(tok, pieces):
        both_ways(tok, ids_of(tok, ["".join(map(str, wrong.pieces))]))


@pytest.mark.parametrize("name", [name for name in (*FORMATS, *LINES) if name != "to"])
def test_nothing_that_was_sampled_is_lost(name: str) -> None:
    """The same after a prompt: the wrong thing is in the completion."""
    tok = tokenizer_for(name)
    role = "assistant" if "assistant" in tok.format.templates else next(iter(tok.format.templates))
    for message in canonical(tok):
        if message.role != role:
            continue
        prompt = tok.encode_prompt([], role=role)
        ids = tok.encode([message.model_copy(update={"name": None})])
        assert ids[: len(prompt)] == prompt
        for wrong in deviations(tok, pieces_of(tok, ids[len(prompt) :])):
            parser = both_ways(tok, ids_of(tok, wrong.pieces), role)
            if wrong.what in ("white space added", "unknown token", "unknown id"):
                assert not written([message]) - written(parser.messages), wrong


# -- as it happens --------------------------------------------------------------------------------

VECTORS: dict[str, tuple[str, Pieces, list[Message], list[Stray], int]] = {
    "a missing newline": (
        "think",
        ("<think>", "\nhm\n", "</think>", "\n4", "<|im_end|>"),
        [Message(role="assistant", reasoning="hm", content="4")],
        [],
        1,
    ),
    "no start token": (
        "harmony",
        (
            *("<|channel|>", "analysis", "<|message|>", "hm", "<|end|>", "assistant"),
            *("<|channel|>", "final", "<|message|>", "ok", "<|return|>"),
        ),
        [
            Message(role="assistant", channel="analysis", content="hm"),
            Message(role="assistant", channel="final", content="ok"),
        ],
        [],
        1,
    ),
    "a missing space": (
        "harmony",
        (
            *(" to=functions.tide", "<|channel|>", "commentary", "<|constrain|>", "json"),
            *("<|message|>", "{}", "<|call|>"),
        ),
        [
            Message(
                role="assistant",
                recipient="functions.tide",
                channel="commentary",
                content_type="json",
                content="{}",
            )
        ],
        [],
        1,
    ),
    "unknown tokens": (
        "nanochat",
        (
            *("a", "<|endoftext|>", "b", "<|fim_prefix|>", "c", "<|fim_suffix|>"),
            *("<|endofprompt|>", "d", "<|assistant_end|>"),
        ),
        [Message(role="assistant", content="abcd")],
        [
            Stray(0, 100257, "<|endoftext|>"),
            Stray(0, 100258, "<|fim_prefix|>"),
            Stray(0, 100260, "<|fim_suffix|>"),
            Stray(0, 100276, "<|endofprompt|>"),
        ],
        4,
    ),
    "a word too many": (
        "gpt-4o",
        ("<|im_sep|>", "hm", "<|im_end|>", "<|im_start|>", "assistant XX", "<|im_sep|>", "ok"),
        [
            Message(role="assistant", content="hm"),
            Message(role="assistant", content="ok"),
        ],
        [Stray(0, 200266, "<|im_sep|>"), Stray(1, 27568, " XX")],
        3,
    ),
    "a space too many": (
        "harmony",
        (" ", "<|channel|>", "final ", "<|message|>", "ok", "<|return|>"),
        [Message(role="assistant", channel="final", content="ok")],
        [Stray(0, None, " "), Stray(0, None, " ")],
        2,
    ),
}


@pytest.mark.parametrize("case", VECTORS)
def test_what_servers_see(case: str) -> None:
    name, pieces, messages, strays, issues = VECTORS[case]
    tok = tokenizer_for(name)
    parser = tok.stream()
    events = read(parser, ids_of(tok, pieces))
    assert parser.messages == messages
    assert [event for event in events if isinstance(event, Stray)] == strays
    assert len(parser.issues) == issues
    spelled = "".join(issue.found for issue in parser.issues)
    assert all(stray.text.strip() in spelled for stray in strays)


def test_a_message_that_nobody_began_has_no_events() -> None:
    """Text that names no role belongs to no message, nor does what follows it."""
    tok = tokenizer_for("apart")
    parser = tok.stream(None)
    events = read(parser, ids_of(tok, ["<s>Q x<m>A<e>"]))
    assert {type(event) for event in events} == {Stray}
    assert "".join(event.text for event in events if isinstance(event, Stray)) == "Q x<m>A<e>"
    assert {span.part for span in parser.spans} == {"stray"}
    assert not parser.messages
