"""Time in proportion to the ids: of headers, and of whatever else there may be no end to.

No clock is held to a figure: each test compares two times of one run, the best of some rounds.
"""

from __future__ import annotations

import time
from itertools import cycle, islice
from typing import TYPE_CHECKING

import pytest

from chatfmt import ChatFormat, ChatTokenizer, ParseError
from garbage import ROWS, kinds
from rows import ids_in, tokenizer
from sizes import LARGE, size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatfmt import StreamParser

WAYS = pytest.mark.parametrize(
    ("strict", "whole"),
    [(True, True), (True, False), (False, True), (False, False)],
    ids=["strict, whole", "strict, streamed", "lenient, whole", "lenient, streamed"],
)
KINDS = pytest.mark.parametrize("kind", [*kinds("gpt-4o")])


_ROUNDING = 0.002


def fresh(tok: ChatTokenizer) -> ChatTokenizer:
    """One that has read nothing yet."""
    return ChatTokenizer(tok.format, tok.encoding)


def best(rounds: int, work: Callable[[], float]) -> float:
    return min(work() for _ in range(rounds))


def read(tok: ChatTokenizer, ids: Sequence[int], *, strict: bool, whole: bool) -> float:
    """The seconds that it takes, from an empty store of steps."""
    parser = fresh(tok).stream(None, strict=strict)
    start = time.process_time()
    try:
        if whole:
            parser.feed_all(ids)
        else:
            for token in ids:
                parser.feed(token)
        parser.close()
    except ParseError:
        pass
    return time.process_time() - start


def assert_linear(
    name: str, kind: str, count: int, *, strict: bool, whole: bool, most: float = 4.5
) -> None:
    tok = tokenizer(name)
    before, repeated = kinds(name)[kind]
    small, large = ([*before, *islice(cycle(repeated), n)] for n in (count, 4 * count))
    times: list[float] = []
    for rounds in (1, 3, 5):  # once more where the machine was busy
        times = [
            best(rounds, lambda ids=ids: read(tok, ids, strict=strict, whole=whole))  # type: ignore[misc]
            for ids in (small, large)
        ]
        if times[1] <= most * times[0] + _ROUNDING:
            return
    pytest.fail(f"{4 * count:,} ids took {times[1]:.3f} s, a quarter of them {times[0]:.3f} s")


@pytest.mark.parametrize("name", ROWS)
@KINDS
def test_garbage_takes_time_in_proportion(name: str, kind: str) -> None:
    for strict, whole in ((True, True), (False, True), (False, False)):
        # A square would be 16: so short a time is not measured well enough for less.
        assert_linear(name, kind, 1000, strict=strict, whole=whole, most=8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
@WAYS
@KINDS
def test_much_garbage_takes_time_in_proportion(
    name: str, kind: str, *, strict: bool, whole: bool
) -> None:
    most = 4.5 if LARGE else 8  # short times are not measured well
    assert_linear(name, kind, size(2_500, 250_000), strict=strict, whole=whole, most=most)


# ---- headers

HEADERS = [
    ("gpt-4o", "<|im_start|>"),
    ("gpt-oss", "<|start|>assistant<|channel|>"),
    ("gpt-oss", "<|start|>assistant to="),
    ("kimi-k2", "<|im_system|>tool<|im_middle|>## Return of "),
]


def without_bound(name: str) -> ChatTokenizer:
    tok = tokenizer(name)
    return ChatTokenizer(ChatFormat(**{**tok.format.row(), "longest_header": 10**9}), tok.encoding)


def per_id(parser: StreamParser, ids: Sequence[int]) -> float:
    """Seconds for each id, without the shorter way that free text has."""
    start = time.process_time()
    for token in ids:
        parser._take(token)
    return (time.process_time() - start) / len(ids)


@pytest.mark.parametrize(("name", "begins"), HEADERS)
def test_a_header_costs_what_content_costs(name: str, begins: str) -> None:
    tok = without_bound(name)
    prompt = ids_in(tok, "<|channel|>final<|message|>") if name == "gpt-oss" else []
    where = {"header": ids_in(tok, begins), "content": [*tok.encode_prompt([]), *prompt]}
    text = [*islice(cycle(b"abcdefgh-_i0123456789"), 32_000)]

    def measured(part: str, count: int) -> float:
        parser = fresh(tok).stream(None)
        parser.feed_all(where[part])
        return per_id(parser, text[:count])

    found: dict[str, float] = {}
    for rounds in (2, 4, 8):
        for part in where:
            found[part] = best(rounds, lambda part=part: measured(part, 32_000))  # type: ignore[misc]
        found["short header"] = best(rounds, lambda: measured("header", 8_000))
        if found["header"] <= 1.5 * min(found["content"], found["short header"]):
            return
    pytest.fail(f"seconds for each id: {found}")


def test_a_text_that_is_spelled_as_json_takes_time_in_proportion() -> None:
    tok = tokenizer("mistral-v3")
    before = ids_in(tok, '<s>[INST]a[/INST][TOOL_RESULTS]{"content": "')
    times: list[float] = []
    for rounds in (1, 3, 5):
        times = [
            best(rounds, lambda n=n: read(tok, [*before, *b"a" * n], strict=False, whole=True))  # type: ignore[misc]
            for n in (25_000, 100_000)
        ]
        if times[1] <= 4.5 * times[0]:
            return
    pytest.fail(f"{times}")
