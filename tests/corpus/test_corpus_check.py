"""A corpus is what its manifest says, or ``chatfmt corpus check`` reports what is wrong."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.cli import main
from chatfmt.corpus import FileOptions, check, tokenize
from chatfmt.corpus.arrow import pq
from chatfmt.corpus.folder import temporary_name
from chatfmt.errors import DataError
from corpus_data import lines, mixture, options, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAYS = [
    FileOptions(shard_tokens=4000),
    FileOptions(shard_tokens=4000, shuffle=7),
    FileOptions(shard_tokens=4000, pack=256, pad_id=0, masks=("attention_mask",)),
]


def _corpus(folder: Path, files: FileOptions, *, rows: int = 1500) -> Any:
    write(folder / "a.jsonl", lines(rows, bad_every=10))
    mix = mixture(folder, "a.jsonl")

    def run(**how: Any) -> Any:
        return tokenize(mix, folder / "out", options(mix), files, workers=1, **how)

    return run


@pytest.mark.parametrize("files", WAYS)
def test_a_corpus_is_what_it_says(tmp_path: Path, files: FileOptions) -> None:
    summary = _corpus(tmp_path, files)()
    checked = check(tmp_path / "out")
    assert checked.faults == []
    assert checked.files == summary.shards + 2
    assert checked.rows == (summary.examples if files.pack is None else summary.packs)
    if files.pack is None:
        assert checked.tokens == summary.tokens


def _flip(path: Path) -> None:
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)


def _kept_times(path: Path, change: Callable[[Path], object]) -> None:
    before = path.stat()
    change(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "is missing"),
    "cut": (lambda path: os.truncate(path, path.stat().st_size - 1), "bytes, expected"),
    "altered": (_flip, "other content"),
    "altered with its times kept": (lambda path: _kept_times(path, _flip), "other content"),
    "a link": (_linked, "is a link"),
}


@pytest.mark.parametrize("name", ["shard-00000.parquet", "rejects.jsonl", "summary.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, damage: str
) -> None:
    run = _corpus(tmp_path, WAYS[0])
    run()
    out = tmp_path / "out"
    change, words = DAMAGES[damage]
    change(out / name)
    assert main(["corpus", "check", str(out)]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith(f"{out}: {name}: ")
    assert words in printed.err
    assert json.loads(printed.out)["faults"] == len(printed.err.splitlines()) == 1
    # The cheap part: everything but the digest of a file whose size and time are as noted.
    if "times kept" not in damage:
        with pytest.raises(DataError, match=f"expected {name} of the earlier run unchanged"):
            run(resume=True)


def test_a_file_too_many_and_what_a_kill_leaves_are_found(tmp_path: Path) -> None:
    run = _corpus(tmp_path, WAYS[0])
    run()
    out = tmp_path / "out"
    (out / "shard-00077.parquet").write_bytes((out / "shard-00000.parquet").read_bytes())
    left = temporary_name("1" * 32, "shard-00001.parquet")
    (out / left).write_bytes(b"half")
    (out / "thesis.txt").write_bytes(b"mine")
    found = check(out).faults
    assert [fault.partition(":")[0] for fault in found] == [left, "shard-00077.parquet"]


def test_a_manifest_that_was_edited_is_found(tmp_path: Path) -> None:
    run = _corpus(tmp_path, WAYS[0])
    run()
    path = tmp_path / "out" / "manifest.json"
    text = path.read_text()
    value = json.loads(text)

    def told(**summary: Any) -> list[str]:
        edited = {**value, "summary": {**value["summary"], **summary}}
        path.write_text(json.dumps(edited, indent=1))
        return check(tmp_path / "out").faults

    assert told() == []
    assert any("rows" in fault for fault in told(examples=7))
    assert any("tokens" in fault for fault in told(tokens=7))
    assert any(fault.startswith("rejects.jsonl: ") for fault in told(rejected=7))
    assert any(fault.startswith("summary.json: ") for fault in told(filtered=7))
    note = value["files"]["shard-00000.parquet"]
    path.write_text(text.replace(f'"rows": {note["rows"]}', '"rows": 7', 1))
    assert any("rows, expected 7" in fault for fault in check(tmp_path / "out").faults)
    path.write_text(text.replace('"train_on": "assistant"', '"train_on": "all"'))
    assert "other options" in check(tmp_path / "out").faults[0]


def test_a_run_that_is_not_finished_is_no_corpus(tmp_path: Path) -> None:
    run = _corpus(tmp_path, WAYS[0])

    def stop(summary: Any, _part: float) -> None:
        if summary.rows > 600:
            raise KeyError

    with pytest.raises(KeyError):
        run(progress=stop)
    assert "manifest.json: the run is not finished" in check(tmp_path / "out").faults[0]
    run(resume=True)
    assert check(tmp_path / "out").faults == []


def test_what_is_no_corpus_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nothing"):
        assert main(["corpus", "check", str(folder)]) == 2
        assert "no manifest.json" in capsys.readouterr().err
    (tmp_path / "manifest.json").write_text("{}")
    assert main(["corpus", "check", str(tmp_path)]) == 2
    assert "a manifest.json that it did not write" in capsys.readouterr().err


def test_a_shard_can_be_read_by_anybody(tmp_path: Path) -> None:
    _corpus(tmp_path, WAYS[0])()
    shards = sorted((tmp_path / "out").glob("*.parquet"))
    assert sum(pq.read_metadata(path).num_rows for path in shards) == check(tmp_path / "out").rows
