"""Corpora from and to stores: what is written equals what is written on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.corpus import FileOptions, InputChangedError, Summary, raw, tokenize
from corpus_data import contents, lines, mixture, options, rejects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chatfmt.adapters import Mixture

fsspec = pytest.importorskip("fsspec")
pa = pytest.importorskip("pyarrow")

FILES = FileOptions(shard_tokens=4000)


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The memory of fsspec, which is empty before and after."""
    monkeypatch.setattr(raw, "_BATCH_ROWS", 16)
    found = fsspec.filesystem("memory")
    found.store.clear()
    yield found
    found.store.clear()


def _text(rows: list[bytes]) -> bytes:
    return b"".join(row + b"\n" for row in rows)


def _run(mix: Mixture, out: Path | str, files: FileOptions = FILES, **how: Any) -> Summary:
    return tokenize(mix, out, options(mix), files, **{"workers": 1, **how})  # type: ignore[arg-type]


def _once_at(rows: int, act: Callable[[], object]) -> Callable[[Summary, float], None]:
    done: list[int] = []

    def progress(summary: Summary, _part: float) -> None:
        if summary.rows >= rows and not done:
            done.append(1)
            act()

    return progress


# ---- sources


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_source_that_changes_stops_the_run_until_it_is_back(
    tmp_path: Path, memory: Any, kind: str
) -> None:
    whole = _text(lines(400, 2))
    if kind == "parquet":
        import pyarrow.json as pj
        import pyarrow.parquet as pq

        sink = pa.BufferOutputStream()
        pq.write_table(pj.read_json(pa.BufferReader(whole)), sink)
        whole = sink.getvalue().to_pybytes()
    memory.pipe_file(f"/in/b.{kind}", whole)
    memory.pipe_file("/in/c.jsonl", _text(lines(40, 3)))
    mix = mixture(tmp_path, f"memory://in/b.{kind}", "memory://in/c.jsonl")
    expected = _run(mix, tmp_path / "whole")
    assert expected.rows == expected.output == 440

    def other() -> None:
        memory.pipe_file(f"/in/b.{kind}", whole.replace(b"the", b"teh"))

    out = tmp_path / "out"
    with pytest.raises(InputChangedError, match=r"was written to; .* restored"):
        _run(mix, out, progress=_once_at(200, other))
    if (out / "shard-00000.parquet").exists():
        with pytest.raises(InputChangedError, match="its content has changed"):
            _run(mix, out, resume=True)
    memory.pipe_file(f"/in/b.{kind}", whole)
    assert _run(mix, out, resume=True) == expected
    assert contents(out) == contents(tmp_path / "whole")

    def gone() -> None:
        memory.rm(f"/in/b.{kind}")

    with pytest.raises(InputChangedError, match="can no longer be found"):
        _run(mix, out, overwrite=True, progress=_once_at(100, gone))


def test_refused_rows_name_the_url(tmp_path: Path, memory: Any) -> None:
    memory.pipe_file("/in/a.jsonl", _text(lines(20, bad_every=5)))
    mix = mixture(tmp_path, "memory://in/*.jsonl", seed=1)
    assert _run(mix, tmp_path / "out").rejected == 4
    found = rejects(tmp_path / "out")
    assert {row["file"] for row in found} == {"memory://in/a.jsonl"}
    assert [row["line"] for row in found] == [5, 10, 15, 20]
