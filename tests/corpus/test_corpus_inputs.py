"""Input that changes while it is read: noticed, reported, and continued once it is whole again."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.cli import main
from chatfmt.corpus import (
    FileOptions,
    InputChangedError,
    Summary,
    raw,
    raw_rows,
    sources,
    tokenize,
)
from chatfmt.corpus.arrow import pa, pq
from chatfmt.errors import DataError
from corpus_data import contents, lines, mixture, options, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatfmt.adapters import Mixture

_FILES = FileOptions(shard_tokens=3000)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "_BATCH_ROWS", 16)


def _run(mix: Mixture, out: Path, **how: Any) -> Summary:
    return tokenize(mix, out, options(mix), _FILES, **{"workers": 1, **how})


def _other(text: bytes) -> bytes:
    """The same number of bytes, and lines that differ."""
    return text.replace(b"the", b"teh")


def _kept_times(path: Path, text: bytes) -> None:
    before = path.stat()
    path.write_bytes(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(path: Path, text: bytes) -> None:
    beside = path.with_name("beside")
    beside.write_bytes(text)
    shutil.copystat(path, beside)
    beside.replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 6),
    "emptied": lambda path: os.truncate(path, 0),
    "appended to": lambda path: path.write_bytes(path.read_bytes() + path.read_bytes()),
    "rewritten": lambda path: path.write_bytes(_other(path.read_bytes())),
    "rewritten with its times kept": lambda path: _kept_times(path, _other(path.read_bytes())),
    "replaced": lambda path: _replaced(path, path.read_bytes()),
    "replaced by another": lambda path: _replaced(path, _other(path.read_bytes())),
    "removed": lambda path: path.unlink(),
}


def _packed(folder: Path, kind: str, rows: list[bytes]) -> Path:
    path = folder / f"b.{kind}"
    if kind == "jsonl":
        return write(path, rows)
    if kind == "jsonl.gz":
        path.write_bytes(gzip.compress(b"\n".join(rows), 1))
    elif kind == "json":
        path.write_bytes(b"[" + b",\n".join(rows) + b"]")
    else:
        table = pa.Table.from_pylist([json.loads(row) for row in rows])
        pq.write_table(table, path, compression="none", use_dictionary=False)
    return path


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "json", "parquet"])
def test_a_change_is_noticed_and_can_be_taken_back(tmp_path: Path, kind: str, change: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write(data / "a.jsonl", lines(40, 1))
    path = _packed(data, kind, lines(400, 2))
    write(data / "c.jsonl", lines(40, 3))
    whole = path.read_bytes()
    mix = mixture(data, "a.jsonl", path.name, "c.jsonl")
    _run(mix, tmp_path / "whole")
    out = tmp_path / "out"
    changed = False

    def alter(summary: Summary, _part: float) -> None:
        nonlocal changed
        if summary.rows >= 150 and not changed:
            changed = True
            CHANGES[change](path)

    with pytest.raises(InputChangedError, match="found different input") as error:
        _run(mix, out, progress=alter)
    assert error.value.file == str(path)
    assert "--resume continues once it is restored" in str(error.value)
    if not path.exists() or path.read_bytes() != whole:
        with pytest.raises((DataError, OSError)):
            _run(mix, out, resume=True)
    path.write_bytes(whole)  # at another time, and maybe as another file
    _run(mix, out, resume=True)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "json", "parquet"])
def test_a_change_between_two_runs_is_noticed_also_with_its_times_kept(
    tmp_path: Path, kind: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    path = _packed(data, kind, lines(200, 2))
    whole = path.read_bytes()
    write(data / "c.jsonl", lines(100, 3))
    mix = mixture(data, path.name, "c.jsonl")

    def stop(summary: Summary, _part: float) -> None:
        if summary.rows >= 250:
            raise KeyError

    out = tmp_path / "out"
    with pytest.raises(KeyError):
        _run(mix, out, progress=stop)
    # One byte of a text, in what has been encoded already.
    at = len(whole) // 3 if kind != "jsonl.gz" else 4
    _kept_times(path, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(InputChangedError):
        _run(mix, out, resume=True)
    path.write_bytes(whole)
    _run(mix, out, resume=True)
    _run(mix, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "json", "parquet"])
def test_rows_notice_a_change_when_their_file_ends(tmp_path: Path, kind: str, change: str) -> None:
    path = _packed(tmp_path, kind, lines(400, 2))
    write(tmp_path / "c.jsonl", lines(40, 3))
    rows = raw_rows(mixture(tmp_path, path.name, "c.jsonl"))
    seen = [next(rows).file]
    CHANGES[change](path)
    with pytest.raises(InputChangedError, match="found different input") as error:
        seen += (row.file for row in rows)
    assert error.value.file == str(path)
    assert set(seen) == {path.name}  # none of the next file


def test_a_run_stops_where_the_file_that_changed_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines(100))
    write(tmp_path / "b.jsonl", lines(400, 2))
    mix = mixture(tmp_path, "a.jsonl", "b.jsonl")
    done = 0

    def alter(summary: Summary, _part: float) -> None:
        nonlocal done
        done = summary.rows
        if done == 16:
            CHANGES["replaced"](path)

    with pytest.raises(InputChangedError):  # although no file is full until all rows are read
        tokenize(mix, tmp_path / "out", options(mix), workers=1, progress=alter)
    assert 16 <= done <= 100


def test_a_file_that_changes_between_two_rounds_is_noticed(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(100))
    mix = mixture(tmp_path, "a.jsonl")
    twice = mix.sources[0].model_copy(update={"repeat": 2})
    mix = mix.model_copy(update={"sources": (twice,)})

    def alter(summary: Summary, _part: float) -> None:
        if summary.rows >= 112:
            CHANGES["rewritten"](tmp_path / "a.jsonl")

    with pytest.raises(InputChangedError):
        _run(mix, tmp_path / "out", progress=alter)


def test_other_times_are_no_other_input(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(200))
    mix = mixture(tmp_path, "a.jsonl")
    _run(mix, tmp_path / "out")
    os.utime(tmp_path / "a.jsonl")
    assert _run(mix, tmp_path / "out", resume=True).rows == 200
    write(tmp_path / "b.jsonl", lines(20))
    with pytest.raises(DataError, match=r"found different input: b\.jsonl"):
        tokenize(
            mixture(tmp_path, "*.jsonl").model_copy(
                update={
                    "sources": (
                        mix.sources[0].model_copy(update={"paths": ("a.jsonl", "b.jsonl")}),
                    )
                }
            ),
            tmp_path / "out",
            options(mix),
            _FILES,
            workers=1,
            resume=True,
        )


def test_the_command_says_which_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.jsonl", lines(200))
    real = sources.raw_batches

    def altered(*given: Any) -> Any:
        for number, batch in enumerate(real(*given)):
            if number == 5:
                CHANGES["cut"](path)
            yield batch

    monkeypatch.setattr("chatfmt.corpus.reading.raw_batches", altered)
    assert main(["tokenize", str(path), "-o", str(tmp_path / "out"), "--workers", "1"]) == 2
    error = capsys.readouterr().err
    assert str(path) in error
    assert "bytes, now" in error
