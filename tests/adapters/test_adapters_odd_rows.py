"""Rows that are far too long, and duplicate keys: memory, time and errors are bounded."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import Options, Row, chunks, iter_rows, read_file, read_row
from chatfmt.adapters.chunks import optional
from chatfmt.adapters.strict import StrictJSON
from chatfmt.cli import main
from chatfmt.corpus.arrow import pa, pq
from chatfmt.errors import DataError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_GOOD = {"prompt": "2+2?", "completion": "4"}


def _brief(row: Row) -> Any:
    return (row.line, row.value if row.error is None else row.error.reason)


def _expected(longest: int, found: str) -> str:
    return f"expected a row of at most {longest:,} bytes, found {found}; pass longest_row=N"


# ---- the longest row


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_lines_of_more_are_refused_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(chunks, "_CHUNK", chunk)
    good = json.dumps(_GOOD).encode()
    longest = len(good)
    parts = [good, good + b" ", good, b'"' * 500, b"", good, b"x" * 77]
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(parts))
    rows = [_brief(row) for row in iter_rows(path, longest_row=longest)]
    assert [number for number, _ in rows] == list(range(1, 8))
    assert [what for _, what in rows if what == _GOOD] == [_GOOD] * 3
    for number, found in ((2, longest + 1), (4, 500), (7, 77)):
        assert rows[number - 1][1].startswith(_expected(longest, f"{found}"))


_LONG = {"prompt": 'He said: "{[}]\\" ' * 30, "completion": ["é", {"a": "\\\\"}] * 40}


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
@pytest.mark.parametrize("texts", [["a", "b" * 200], ["a" * 40] * 5, ["a", "b", "c" * 200, "d"]])
def test_a_file_that_is_one_conversation_may_be_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, texts: list[str]
) -> None:
    monkeypatch.setattr(chunks, "_CHUNK", chunk)
    messages = [{"role": "user", "content": text} for text in texts]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(messages), "utf-8")
    [(line, reason)] = [_brief(row) for row in iter_rows(path, longest_row=150)]
    assert (line, reason.startswith(_expected(150, "more"))) == (1, True)
    [row] = iter_rows(path)
    assert row.value == {"messages": messages}


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
@pytest.mark.parametrize("form", ["array", "objects", "indented"])
def test_objects_of_more_are_refused_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, form: str
) -> None:
    monkeypatch.setattr(chunks, "_CHUNK", chunk)
    rows = [_GOOD, _LONG, _GOOD, _LONG, _LONG, _GOOD]
    text = {
        "array": json.dumps(rows),
        "objects": "".join(json.dumps(row, ensure_ascii=False) for row in rows),
        "indented": json.dumps(rows, indent=3),
    }[form]
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    found = [_brief(row) for row in iter_rows(path, longest_row=200)]
    assert [number for number, _ in found] == [1, 2, 3, 4, 5, 6]
    for (_, what), row in zip(found, rows, strict=True):
        if row is _GOOD:
            assert what == _GOOD
        else:
            assert what.startswith(_expected(200, "more"))
    assert [row.value for row in iter_rows(path)] == rows


def test_bytes_count_and_not_characters(tmp_path: Path) -> None:
    row = json.dumps({"prompt": "é" * 100, "completion": "4"}, ensure_ascii=False)
    for name, text in (("a.json", f"[{row}]"), ("a.jsonl", row)):
        (tmp_path / name).write_text(text, "utf-8")
        size = len(row.encode())
        [at_most] = iter_rows(tmp_path / name, longest_row=size)
        [more] = iter_rows(tmp_path / name, longest_row=size - 1)
        assert at_most.error is None
        assert more.error is not None


def test_an_object_of_more_that_breaks_off_is_the_last_row(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([_GOOD, _LONG])[:-300])
    found = [_brief(row) for row in iter_rows(path, longest_row=200)]
    assert found[0] == (1, _GOOD)
    assert len(found) == 2
    assert found[1][1].endswith("; rows read before it: 1")


def test_rows_of_parquet_are_measured(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [_GOOD, {"prompt": "x" * 5000, "completion": "4"}, _GOOD]
    pq.write_table(pa.Table.from_pylist(rows), path)
    found = [_brief(row) for row in iter_rows(path, longest_row=1000)]
    assert [number for number, _ in found] == [1, 2, 3]
    assert found[0][1] == found[2][1] == _GOOD
    assert found[1][1].startswith("expected a row of at most 1,000 bytes, found 5,0")


def test_the_limit_is_a_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps(_GOOD)
    path.write_text(f"{good}\n{good}  \n{good}\n")
    options = Options(longest_row=len(good))
    assert [len(reading.items) for reading in read_file(path, options=options)] == [1, 0, 1]
    limit = ["--option", f"longest_row={len(good)}"]
    assert main(["convert", str(path), *limit]) == 1
    assert f"{path}:2: expected a row of at most" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert main(["convert", "-", *limit]) == 1
    printed = capsys.readouterr()
    assert "<stdin>:2: expected a row of at most" in printed.err
    assert len(printed.out.splitlines()) == 2
    assert main(["convert", str(path), "--option", "longest_row=0"]) == 2


_BOMB = """
import re, sys
from pathlib import Path
from chatfmt.adapters import read_file
found = [len(reading.items) for reading in read_file(sys.argv[1])]
# Not ru_maxrss, which is never less than what the parent had when it started this process.
peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(found, peak // 1024)
"""


def _zst(path: Path, parts: list[bytes]) -> None:
    with path.open("wb") as file, optional("zstandard").ZstdCompressor().stream_writer(file) as out:
        for part in parts:
            out.write(part)


def _gz(path: Path, parts: list[bytes]) -> None:
    with gzip.open(path, "wb", 1) as out:
        for part in parts:
            out.write(part)


@pytest.mark.skipif(sys.platform != "linux", reason="reads its memory in /proc")
@pytest.mark.parametrize("pack", [_zst, _gz])
@pytest.mark.parametrize("ending", ["jsonl", "json"])
@pytest.mark.parametrize(
    "size", [600 << 20, pytest.param(2 << 30, marks=pytest.mark.slow)], ids=["600MB", "2GB"]
)
def test_a_bomb_takes_little_memory(
    tmp_path: Path,
    pack: Callable[[Path, list[bytes]], None],
    ending: str,
    size: int,
) -> None:
    good = json.dumps(_GOOD).encode()
    zeros = b"0" * (1 << 20)
    path = tmp_path / f"bomb.{ending}.{pack.__name__[1:]}"
    bomb = [b'{"prompt": "', *[zeros] * (size >> 20), b'"}']
    before, after, end = (b"[", b",", b"]") if ending == "json" else (b"", b"\n", b"")
    pack(path, [before, good, after, *bomb, after, good, end])
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _BOMB, str(path)],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    found, _, peak = done.stdout.strip().rpartition(" ")
    assert found == "[1, 0, 1]"
    assert int(peak) < 500


# ---- keys that stand twice

_READERS: dict[str, Callable[[bytes], object]] = {
    "a row": lambda text: _fault(StrictJSON().line("a", 1, text)),
    "a document": loads,
}


def _fault(row: Row) -> None:
    if row.error is not None:
        raise row.error


def _twice(count: int, kind: str) -> bytes:
    """Many keys, the last of which stands twice; or many that all do."""
    keys = [f'"{number}":0' for number in range(count)]
    twice = [keys[-1]] if kind == "the last" else keys
    if kind == "nested":
        return b'{"a":0,' + b",".join(b'"%d":{"a":0,"a":0}' % n for n in range(count)) + b"}"
    return ("{" + ",".join([*keys, *twice]) + "}").encode()


@pytest.mark.parametrize("kind", ["the last", "all", "nested"])
@pytest.mark.parametrize("reader", _READERS)
def test_keys_that_stand_twice_take_linear_time(reader: str, kind: str) -> None:
    read = _READERS[reader]

    def seconds(count: int) -> float:
        text = _twice(count, kind)
        best = 1e9
        for _ in range(3):
            begun = time.process_time()
            with pytest.raises(DataError, match="expected each key once in an object"):
                read(text)
            best = min(best, time.process_time() - begun)
        return best

    few, many = seconds(10_000), seconds(80_000)
    # 8 times as many: 64 times as long where each key is compared with all others.
    assert many < 32 * few
    assert many < 3


# ---- what errors show

_HUGE = "x" * 3_000_000


@pytest.mark.parametrize(
    "row",
    [
        {_HUGE: 1},
        {"question": _HUGE},
        {"prompt": "a", "completion": {_HUGE: 1}},
        {"messages": [{"role": _HUGE, "content": "a"}]},
        {"messages": [{"role": "user", "content": "a", _HUGE: 1}]},
        {"messages": [{"role": "user", "content": [{"type": _HUGE}]}]},
        {"messages": [{"role": "tool", "content": "a", "tool_call_id": _HUGE}]},
        {"conversations": [{"from": _HUGE, "value": "a"}]},
        {"message_tree_id": "a", "prompt": {"message_id": _HUGE}},
        {"thread_id": "a", "thread": [{"message_id": "a", "role": _HUGE}]},
        {"chosen": _HUGE, "rejected": _HUGE},
    ],
    ids=lambda row: "-".join(row)[:30],
)
def test_an_error_shows_a_bounded_piece(row: dict[str, Any]) -> None:
    with pytest.raises(DataError) as error:
        read_row(row)
    assert len(str(error.value)) < 3000


@pytest.mark.parametrize(
    "text", ['{"%s":1,"%s":2}', '{"a":{"%s":"\\ud800","%s1":0}}', '{"a":%s%s}']
)
def test_an_error_of_the_reader_shows_a_bounded_piece(text: str) -> None:
    piece = "1" * 100_000 if text.endswith("%s%s}") else _HUGE
    row = StrictJSON().line("a", 1, (text % (piece, piece)).encode())
    assert row.error is not None
    assert len(str(row.error)) < 3000
