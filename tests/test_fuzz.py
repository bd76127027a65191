"""The fuzzer's harnesses without the fuzzer: input that once broke them, and arbitrary bytes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from fuzz import building, search
from fuzz.harnesses import HARNESSES, run
from fuzz.source import Source
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import ChatfmtError, ChatTokenizer, Conversation, StreamParser
from chatfmt.adapters import table
from chatfmt.web import python_code

REGRESSIONS = Path(__file__).resolve().parents[1] / "fuzz" / "regressions"


def _harness_of(path: Path) -> str:
    """``template-crash-3f…`` is an input of the harness ``template``."""
    return path.name.partition("-")[0]


@pytest.mark.parametrize("path", sorted(REGRESSIONS.iterdir()), ids=lambda path: path.name[:24])
def test_what_broke_once(path: Path) -> None:
    run(_harness_of(path), path.read_bytes())


@pytest.mark.hypothesis  # it draws at random, though no decorator says so
@pytest.mark.parametrize("name", HARNESSES)
def test_any_bytes(name: str) -> None:
    @settings(max_examples=50, deadline=None, report_multiple_bugs=False)
    @given(st.binary(max_size=512))
    def try_one(data: bytes) -> None:
        run(name, data)

    try_one()


def test_the_same_bytes_decide_the_same() -> None:
    def decisions(source: Source) -> list[object]:
        return [source.number(3), source.flag(), source.pick("abc"), source.text(), bool(source)]

    data = bytes(range(1, 20))
    assert decisions(Source(data)) == decisions(Source(data)) != decisions(Source(data[1:]))
    assert decisions(Source(b"")) == [0, False, "a", "", False]


BROKEN = {
    "template": (ChatTokenizer, "decode", lambda *_, **__: None),
    "parse": (ChatTokenizer, "decode", lambda *_, **__: None),
    "stream": (StreamParser, "feed", lambda *_: []),
    "transcript": (ChatTokenizer, "transcript_from_dict", lambda *_: 1 / 0),
    "values": (ChatTokenizer, "encode", lambda *_: 1 / 0),
    "rows": (ChatTokenizer, "decode", lambda *_: None),
    "files": (table, "read_row", lambda *_, **__: 1 / 0),
    "web": (python_code, "of_conversation", lambda *_, **__: float("nan")),
}
"""For each harness a part of the library that it would notice to be wrong."""


@pytest.mark.parametrize("name", HARNESSES)
def test_a_harness_notices_what_is_broken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    holder, part, wrong = BROKEN[name]
    monkeypatch.setattr(holder, part, wrong)
    with pytest.raises((AssertionError, ZeroDivisionError, ValueError, ChatfmtError)):
        _run_on_the_same_bytes(name)


def _run_on_the_same_bytes(name: str) -> None:
    """Enough of them that some come to every part, and the same every time."""
    chance = random.Random(name)  # noqa: S311 - no secret
    for _ in range(1000):
        run(name, chance.randbytes(512))


# ---- the search of lines


def test_the_search_finds_nothing_in_some_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert search.main(["--seed", "1", "--lines", "60"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first == "seed 1"
    assert last.startswith("60 lines: ")
    assert ", 0 accepted" not in last
    assert last.endswith(", 0 broken")


@pytest.mark.parametrize(
    ("holder", "part", "wrong"),
    [
        (ChatTokenizer, "decode", lambda *_: Conversation(messages=())),
        (StreamParser, "feed", lambda *_: []),
        (StreamParser, "feed_all", lambda *_: []),
        (ChatTokenizer, "encode", lambda *_: [0]),
    ],
)
def test_the_search_notices_what_is_broken_and_says_how_to_run_it_again(
    holder: type,
    part: str,
    wrong: object,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(holder, part, wrong)
    assert search.main(["--seed", "1", "--lines", "60"]) == 1
    _, again, line, *_ = capsys.readouterr().out.splitlines()
    assert "'template': " in line
    assert search.main(again.split()) == 1
    assert capsys.readouterr().out.endswith("1 lines: 0 refused, 0 accepted, 1 broken\n")


def test_the_search_stops_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert search.main(["--seconds", "0"]) == 0
    assert "0 lines: 0 refused, 0 accepted, 0 broken" in capsys.readouterr().out


# ---- the search of rows that cannot be made in time


def test_some_rows_of_every_word_are_made_or_refused_in_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert building.main(["--seed", "1", "--rows", "300"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first == "seed 1"
    assert last.startswith("300 rows: ")
    assert ", 0 accepted" not in last
    assert last.endswith(", 0 broken")


def test_a_row_that_takes_too_long_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "SECONDS", 0.0001)
    which = "--seed 1 --first 113 --rows 1"  # one that takes a while
    assert building.main(which.split()) == 1
    _, again, row, told, last = capsys.readouterr().out.splitlines()
    assert again == which
    assert "'template': " in row
    assert told == "longer than 0.0001 s"
    assert last == "1 rows: 0 refused, 0 accepted, 1 broken"


@pytest.mark.parametrize(
    ("holder", "part", "wrong"),
    [
        (building, "build_machine", lambda *_: 1 / 0),
        (ChatTokenizer, "decode", lambda *_: Conversation(messages=())),
    ],
)
def test_what_is_no_error_of_chatfmt_is_told(
    holder: Any, part: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder, part, wrong)
    told = set()
    for number in range(200):
        chance = building.line_of(1, number)
        told.add(building.attempt(building.row(chance), chance).splitlines()[-1].split(":")[0])
    assert {"ZeroDivisionError", "AssertionError"} & told


def test_a_text_has_other_ids_of_the_same_bytes() -> None:
    ids = [*search.DRAWS[0].encoding.encode_ordinary("user: aabb"), 256, *b"name="]
    chance = random.Random(1)  # noqa: S311 - no secret
    ways = {tuple(search.DRAWS[0].encoding.respelled(ids, chance)) for _ in range(50)}
    assert len(ways) > 10
    for way in ways:
        assert b"".join(map(search.DRAWS[0].encoding.token_bytes, way)) == b"user: aabb<|a|>name="
