"""The current reader against the first one, over rows that the first one could read.

Ids are drawn for each of the seven rows that the first reader came with, and for random rows that
both accept. Read strictly, messages, spans and the error are the same, with two exceptions:

- A character with several bytes that has no place here is now reported with the first byte that
  rules it out; it used to be reported when it was complete or never would be. One of the two may
  say that its bytes are invalid.
- The first reader could report an unknown role before the role was complete.

Read leniently, everything is the same where the first reader found nothing wrong. Where it did,
both report something at the same id first, and the rest is not compared: now it comes out in
fields or as strays, but the first reader dropped it. Nor is it compared whether the model writes
what closes a reasoning that is empty or left out: now its prompt does.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from fuzz.lines import ByteEncoding, message, row
from fuzz.source import Source

from chatfmt import (
    ChatFormat,
    ChatTokenizer,
    FormatError,
    IssueKind,
    ParseError,
    RenderError,
    StreamParser,
)
from oracle.binding import Binding as FirstBinding
from oracle.chatformat import ChatFormat as FirstFormat
from oracle.parse import StreamParser as FirstParser
from rows import tokenizer
from sizes import size

if TYPE_CHECKING:
    from chatfmt import Message

    Place = tuple[int, IssueKind]
    Seen = tuple[dict[str, Any], list[int], list[int]]

SEVEN = ("gpt-4o", "gpt-4", "phi-4", "gpt-3.5-turbo", "chatml", "llama-3", "nanochat")
LATER = (
    "stops",
    "speakers",
    "fences",
    "call_ids",
    "longest_header",
    "thinking",
    "prepare",
    "faults",
)


def first_of(tok: ChatTokenizer) -> FirstBinding:
    """The row as the first reader has it."""
    members = {k: v for k, v in tok.format.row().items() if k not in LATER}
    after_role = "{role}{^}" in repr(members["template"])
    members["generation_start"] = "role" if after_role else "content"
    lines = members["template"]
    used = f"{lines} {members['prologue']} {members['ends']}"
    members["special_tokens"] = [token for token in members["special_tokens"] if token in used]
    if isinstance(lines, str):
        members["template"] = lines.replace("{^}", "")
    else:
        members["template"] = {role: line.replace("{^}", "") for role, line in lines.items()}
    return FirstBinding(FirstFormat(**members), tok.encoding)


def told(
    parser: Any, ids: list[int], cuts: list[int], *, thinks: bool
) -> tuple[Any, Any, list[Place]]:
    """Messages, spans and places of issues; the place of the error where there is one."""
    try:
        at = 0
        for cut in (*cuts, len(ids)):
            parser.feed_all(ids[at:cut]) if cut - at != 1 else parser.feed(ids[at])
            at = cut
        parser.close()
    except ParseError as error:
        return "refused", None, [(error.issue.position, error.issue.kind)]
    places = [(issue.position, issue.kind) for issue in parser.issues]
    spans = parser.spans
    if thinks and any(not message.reasoning for message in parser.messages):
        # What closes an empty reasoning, or none, counts as its prompt's since then.
        spans = [(span.start, span.stop, span.message, span.part) for span in _by_part(spans)]
    return parser.messages, spans, places


def _by_part(spans: list[Any]) -> list[Any]:
    """Spans that differ in nothing but whether the model wrote them are one."""
    joined: list[Any] = []
    for span in spans:
        if joined and (joined[-1].message, joined[-1].part) == (span.message, span.part):
            joined[-1] = joined[-1]._replace(stop=span.stop)
        else:
            joined.append(span)
    return joined


def sequence(tok: ChatTokenizer, source: Source) -> list[int]:
    """The ids of random messages, damaged or not."""
    carried: list[Message] = []
    ids: list[int] = tok.encode([])
    for _ in range(source.number() % 4):
        one = message(source, list(tok.format.templates))
        try:
            ids = tok.encode([*carried, one])
        except RenderError:
            continue
        carried.append(one)
    special = [*tok.encoding.special_tokens.values()]
    odd = [*range(254), *special * 20, 300]
    return source.damaged(ids, odd[:256] if source.flag() else special)


def assert_same(tok: ChatTokenizer, first: FirstBinding, ids: list[int], cuts: list[int]) -> None:
    binding = tok._renderer.binding
    seen = (tok.format.row(), ids, cuts)
    thinks = any("reasoning" in line.fields for line in tok.format.lines)
    strict = told(StreamParser(binding, strict=True), ids, cuts, thinks=thinks)
    was = told(FirstParser(first, strict=True), ids, cuts, thinks=thinks)
    assert strict[:2] == was[:2], seen
    assert_same_issues(strict[2], was[2], seen)
    was = told(FirstParser(first, strict=False), ids, cuts, thinks=thinks)
    now = told(StreamParser(binding, strict=False), ids, cuts, thinks=thinks)
    if not was[2]:
        assert now == was, seen
    assert_same_issues(now[2][:1], was[2][:1], seen)


def assert_same_issues(now: list[Place], was: list[Place], seen: Seen) -> None:
    assert len(now) == len(was), (seen, now, was)
    for (at, kind), (before_at, before) in zip(now, was, strict=True):
        first_byte = at < before_at and 0x80 <= seen[1][at] <= 0xFF
        too_early = before is IssueKind.UNKNOWN_ROLE and at > before_at
        if first_byte or too_early:
            continue
        assert at == before_at, (seen, now, was)
        assert kind == before or IssueKind.INVALID_UTF8 in (kind, before), (seen, now, was)


def compare(tok: ChatTokenizer, first: FirstBinding, chance: random.Random, count: int) -> None:
    for _ in range(count):
        ids = sequence(tok, Source(chance.randbytes(300)))
        cuts = sorted(chance.sample(range(len(ids) + 1), min(len(ids), 3)))
        assert_same(tok, first, ids, cuts)


@pytest.mark.parametrize("name", SEVEN)
def test_the_seven_rows(name: str) -> None:
    tok = tokenizer(name)
    compare(tok, first_of(tok), random.Random(name), 300)  # noqa: S311 - no secret


def both(chance: random.Random) -> tuple[ChatTokenizer, FirstBinding] | None:
    """A random row that both accept."""
    try:
        made = ChatFormat(**row(Source(chance.randbytes(400))))
        tok = ChatTokenizer(made, ByteEncoding(made.special_tokens))
        return tok, first_of(tok)
    except FormatError:
        return None


def compare_random_rows(chance: random.Random, rows: int, count: int) -> int:
    """How many of so many random rows both accept; each of them reads some ids."""
    accepted = 0
    for _ in range(rows):
        made = both(chance)
        if made is not None:
            accepted += 1
            compare(*made, chance, count)
    return accepted


def test_random_rows() -> None:
    assert compare_random_rows(random.Random(1), 1000, 10) > 40  # noqa: S311 - no secret


@pytest.mark.slow
@pytest.mark.parametrize("name", SEVEN)
def test_many_sequences_of_each_row(name: str) -> None:
    tok = tokenizer(name)
    compare(tok, first_of(tok), random.Random(f"{name}, slow"), size(2_500, 100_000))  # noqa: S311


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_sequences_of_random_rows(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    assert compare_random_rows(chance, size(1_000, 20_000), 75) > size(40, 1000)


def test_a_difference_is_seen() -> None:
    tok = tokenizer("gpt-4o")
    first = first_of(tok)
    ids = tok.encode([{"role": "user", "content": "a"}])
    assert_same(tok, first, ids, [])
    first.text[ord("a")] = b"b"
    with pytest.raises(AssertionError):
        assert_same(tok, first, ids, [])
