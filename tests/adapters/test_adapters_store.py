"""Files named by URLs read the same as the same files on the disk."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import Mixture, Options, Source, iter_rows, load_mixture, read_file
from chatfmt.adapters.store import Remote, is_url, located, matching
from chatfmt.cli import main
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

fsspec = pytest.importorskip("fsspec")
pa = pytest.importorskip("pyarrow")

ROWS = [{"prompt": f"{n}+{n}?", "completion": str(2 * n)} for n in range(600)]


class _FaultyError(Exception):
    """Of no kind that anyone else knows, as those of backends are."""


class _Faulty(fsspec.get_filesystem_class("memory")):  # type: ignore[misc]
    """A store that refuses, or breaks off, as the names of its files say."""

    protocol = "faulty"

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        if "secret" in path:
            raise PermissionError("Forbidden")
        if "down" in path:
            raise _FaultyError
        return {"name": path, "size": 10, "type": "file"}

    def _open(self, path: str, *_: Any, **__: Any) -> io.IOBase:
        self.info(path)
        return _BreaksOff()


class _BreaksOff(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        if self.tell():
            raise _FaultyError("the line is dead")
        self.write(b"x")
        return b'[{"prompt": "2+2?", "completion": "4"},'


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    fsspec.register_implementation("faulty", _Faulty, clobber=True)
    yield
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The same rows as every kind of file, on the disk and in the memory of fsspec."""
    text = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "a.jsonl").write_text(text)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "c.json").write_text(json.dumps(ROWS))
    cells = "".join(f"{row['prompt']},{row['completion']}\n" for row in ROWS)
    (tmp_path / "d.csv").write_text("prompt,completion\n" + cells)
    table = pa.Table.from_pylist(ROWS)
    import pyarrow.parquet as pq

    pq.write_table(table, tmp_path / "e.parquet", row_group_size=50)
    with pa.ipc.new_file(str(tmp_path / "f.arrow"), table.schema) as writer:
        writer.write_table(table)
    for path in tmp_path.iterdir():
        fsspec.filesystem("memory").pipe_file(f"/rows/{path.name}", path.read_bytes())
    return tmp_path


@pytest.mark.parametrize("name", ["a.jsonl", "b.jsonl.gz", "c.json", "d.csv", "e.parquet"])
def test_every_kind_of_file_is_read_by_its_url(files: Path, name: str) -> None:
    expected = [(row.line, row.value, row.error) for row in iter_rows(files / name)]
    assert len(expected) == len(ROWS)
    url = f"memory://rows/{name}"
    rows = list(iter_rows(url))
    assert [(row.line, row.value, row.error) for row in rows] == expected
    assert {row.file for row in rows} == {url}
    assert list(read_file((files / name).as_uri())) == list(read_file(files / name))


def test_what_jumps_reads_a_copy_that_goes_away(files: Path) -> None:
    remote = Remote("memory://rows/f.arrow")
    data = (files / "f.arrow").read_bytes()
    with remote.open() as file:
        assert file.read(6) == data[:6]
        file.seek(-4, os.SEEK_END)
        assert file.read() == data[-4:]
        file.seek(3)
        assert file.read() == data[3:]
        copy = file.raw._copy  # type: ignore[attr-defined]
    assert copy is not None
    assert not copy.exists()
    assert len(list(iter_rows("memory://rows/f.arrow"))) == len(ROWS)


def test_patterns_match_in_a_store(files: Path) -> None:
    assert matching(files, "memory://rows/*.jsonl*") == [
        "memory://rows/a.jsonl",
        "memory://rows/b.jsonl.gz",
    ]
    assert matching(files, f"file://{files}/[ab].jsonl*") == [
        f"{files}/a.jsonl",
        f"{files}/b.jsonl.gz",
    ]
    assert matching(files, "*.csv") == ["d.csv"]
    assert matching(files, "memory://rows/a.jsonl") == ["memory://rows/a.jsonl"]
    fsspec.filesystem("memory").pipe_file("/rows/[x].jsonl", b"{}\n")
    assert matching(files, "memory://rows/[x].jsonl") == ["memory://rows/[x].jsonl"]
    for nothing in (
        "memory://rows/*.txt",
        "memory://nowhere/*",
        "memory://rows",
        "memory://rows/x",
    ):
        assert matching(files, nothing) == []
        with pytest.raises(DataError, match="expected files, found none for"):
            Source.model_validate({"name": "none", "paths": [nothing]}).files(files)


def test_a_mixture_draws_from_both(files: Path) -> None:
    def rows(*paths: str) -> list[Any]:
        sources = [{"name": str(n), "paths": [path]} for n, path in enumerate(paths)]
        mixture = Mixture.model_validate({"source": sources, "seed": 3, "folder": files})
        return [(item.metadata["provenance"]["row"], item.messages) for item in mixture.rows()]  # type: ignore[union-attr]

    assert rows("memory://rows/a.jsonl", "e.parquet") == rows("a.jsonl", "e.parquet")


def test_urls_and_paths_are_told_apart() -> None:
    assert not any(map(is_url, ["rows.jsonl", "C:/rows", "C://rows", "s3:/rows", "-"]))
    assert located(Path(), "FILE://localhost/tmp/a%20b") == Path("/tmp/a b")  # noqa: S108
    assert (Remote("s3://b/") / "x.jsonl.gz").suffixes == [".jsonl", ".gz"]
    assert (Remote("s3://b/c") / "x.jsonl").name == "x.jsonl"
    assert len({Remote("s3://b"), Remote("s3://b"), Remote("s3://c")}) == 2
    with pytest.raises(DataError, match="expected a file on this machine, found the host 'far'"):
        located(Path(), "file://far/x")
    assert Remote("memory://a/b/c").is_below(Remote("memory://a/b/"))
    assert not Remote("memory://a/bc").is_below(Remote("memory://a/b"))
    with pytest.raises(DataError, match="expected a mixture on this machine"):
        load_mixture("memory://mixture.toml")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s33://bucket/x.jsonl", "expected a URL that fsspec has a backend for, .* 's33://'"),
        ("dropbox://x.jsonl", "dropbox:// needs dropboxdrivefs: pip install dropboxdrivefs"),
        ("faulty://secret.jsonl", "expected credentials that give access"),
        ("faulty://down.jsonl", "expected an answer from the store, found: _FaultyError"),
        ("faulty://rows.jsonl", "expected an answer from the store, found: the line is dead"),
        ("memory://none.jsonl", "No such file"),
        ("faulty://rows.json", "expected an answer from the store, found: the line is dead"),
        ("github://x.jsonl", "expected a store that can be used, found: "),
    ],
)
def test_a_store_that_fails_stops_the_command(
    url: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not a bad row: what follows in the file would be lost in silence."""
    for command in (["convert"], ["count", "--format", "gpt-4o"]):
        assert main([*command, url]) == 2
        [*_, error] = capsys.readouterr().err.splitlines()
        assert f"chatfmt {command[0]}: error: " in error
    with pytest.raises((DataError, ImportError, OSError), match=reason):
        list(read_file(url, options=Options()))


def test_commands_read_urls(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("convert", "count", "encode"):
        how = [] if command == "convert" else ["--format", "gpt-4o"]
        found = []
        for name in (str(files / "a.jsonl"), "memory://rows/a.jsonl", "memory://rows/e.parquet"):
            assert main([command, *how, name]) == 0
            found.append(capsys.readouterr().out)
        assert found[0] == found[1] == found[2]
        assert len(found[0].splitlines()) == len(ROWS)
