"""Corpora from and to stores: the same as on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from chatfmt.cli import main
from chatfmt.corpus import (
    FileOptions,
    InputChangedError,
    Summary,
    TooManyRejectsError,
    check,
    export,
    raw,
    tokenize,
)
from chatfmt.corpus.folder import LOCK, temporary_name
from chatfmt.corpus.place import place_of
from chatfmt.errors import ChatfmtError, DataError
from corpus_data import (
    contents,
    lines,
    mixture,
    options,
    overwrite_and_resume,
    rejects,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chatfmt.adapters import Mixture

fsspec = pytest.importorskip("fsspec")
pa = pytest.importorskip("pyarrow")

WAYS = [FileOptions(shard_tokens=2000), FileOptions(shard_tokens=2000, shuffle=7, pack=256)]
FILES = WAYS[0]
OUT = "stepping://bucket/out"


class Stepping(fsspec.get_filesystem_class("memory")):  # type: ignore[misc]
    """A store that remembers what it held after each step: what a kill there would leave."""

    protocol = "stepping"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    moments: ClassVar[list[dict[str, bytes]]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.replace("stepping://", "memory://"))  # type: ignore[no-any-return]

    @classmethod
    def held(cls, folder: str = "") -> dict[str, bytes]:
        """Every file below a folder."""
        return {
            name.removeprefix(folder): file.getvalue()
            for name, file in sorted(cls.store.items())
            if name.startswith(folder)
        }

    @classmethod
    def restore(cls, moment: dict[str, bytes]) -> None:
        cls.store.clear()
        cls.pseudo_dirs[:] = [""]
        for name, data in moment.items():
            cls().pipe_file(name, data)

    def _step(self) -> None:
        self.moments.append(self.held())

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **more: Any) -> None:
        super().pipe_file(path, value, mode=mode, **more)
        self._step()

    def put_file(self, *arguments: Any, **more: Any) -> None:
        super().put_file(*arguments, **more)
        self._step()

    def cp_file(self, *arguments: Any, **more: Any) -> None:
        super().cp_file(*arguments, **more)
        self._step()

    def rm_file(self, path: str) -> None:
        super().rm_file(path)
        self._step()


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The memory of fsspec, which is empty before and after."""
    monkeypatch.setattr(raw, "_BATCH_ROWS", 16)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    fsspec.register_implementation("stepping", Stepping, clobber=True)
    found = fsspec.filesystem("memory")
    found.store.clear()
    Stepping.restore({})
    Stepping.moments.clear()
    yield found
    found.store.clear()


def _written() -> dict[str, bytes]:
    """As `contents`: every file but the manifest."""
    found = Stepping.held("/bucket/out/")
    return {name: data for name, data in found.items() if name != "manifest.json"}


def _text(rows: list[bytes]) -> bytes:
    return b"".join(row + b"\n" for row in rows)


def _run(mix: Mixture, out: Path | str, files: FileOptions = FILES, **how: Any) -> Summary:
    return tokenize(mix, out, options(mix), files, **{"workers": 1, **how})


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


# ---- outputs


@pytest.fixture
def data(tmp_path: Path) -> Mixture:
    """Rows for some five batches, with refused ones among them."""
    write(tmp_path / "a.jsonl", lines(80, bad_every=8))
    return mixture(tmp_path, "a.jsonl")


@pytest.mark.parametrize("files", WAYS, ids=["plain", "packed"])
def test_a_store_at_any_moment_can_be_resumed_and_overwritten(
    data: Mixture, tmp_path: Path, files: FileOptions
) -> None:
    expected = _run(data, tmp_path / "whole", files)
    assert _run(data, OUT, files) == expected
    assert _written() == contents(tmp_path / "whole")
    assert check(OUT) == check(tmp_path / "whole")._replace(size=check(OUT).size)
    overwrite_and_resume(partial(_run, data, OUT, files))
    moments = [*Stepping.moments]
    assert len(moments) > 40
    some = slice(None) if files == FILES else slice(None, None, 4)
    for number, moment in list(enumerate(moments))[some]:
        # Another machine, from the view of the lock; that of a killed process has to go.
        Stepping.restore({name: data for name, data in moment.items() if LOCK not in name})
        how = {"overwrite": True} if number % 3 == 0 else {"resume": True}
        assert _run(data, OUT, files, **how) == expected, number
        assert _written() == contents(tmp_path / "whole"), number
        assert check(OUT).faults == []


def test_a_stopped_run_shows_its_refused_rows(data: Mixture) -> None:
    with pytest.raises(TooManyRejectsError, match=r"stepping://bucket/out"):
        _run(data, OUT, max_rejects=3)
    assert len(_written()["rejects.jsonl"].splitlines()) == 4
    assert not any("lock" in name for name in _written())


def test_files_of_others_are_never_touched(data: Mixture) -> None:
    store = Stepping()
    store.pipe_file("/bucket/out/notes.txt", b"mine")
    with pytest.raises(DataError, match="found other files"):
        _run(data, OUT, overwrite=True)
    Stepping.restore({})
    _run(data, OUT)
    for name in ("shard-00000.parquet", "rejects.jsonl"):
        whole = Stepping.held("/bucket/out/")[name]
        changed = whole[:-1] + bytes([whole[-1] ^ 1])
        for other, told in ((changed, "other content"), (b"mine", "has 4 bytes")):
            store.pipe_file(f"/bucket/out/{name}", other)
            with pytest.raises(DataError, match=told):
                _run(data, OUT, overwrite=True)
            with pytest.raises(DataError, match=told):
                _run(data, OUT, resume=True)
            assert any(told in fault for fault in check(OUT).faults)
            assert Stepping.held("/bucket/out/")[name] == other
        store.pipe_file(f"/bucket/out/{name}", whole)
    store.rm_file("/bucket/out/shard-00000.parquet")
    assert check(OUT).faults == ["shard-00000.parquet: is missing"]
    store.mkdir("/bucket/out/shard-00000.parquet")
    assert check(OUT).faults == ["shard-00000.parquet: is a folder, expected a file"]


@pytest.mark.parametrize("name", ["shard-00001.parquet", "rejects.jsonl", "manifest.json"])
def test_what_comes_in_the_way_while_a_run_writes_stops_it(data: Mixture, name: str) -> None:
    def plant() -> None:
        Stepping().pipe_file(f"/bucket/out/{name}", b"mine")

    with pytest.raises(DataError, match="found one that this run did not write"):
        _run(data, OUT, progress=_once_at(20, plant))
    assert Stepping.held("/bucket/out/")[name] == b"mine"


def test_input_in_the_folder_of_the_output_is_refused(data: Mixture, tmp_path: Path) -> None:
    Stepping().pipe_file("/bucket/out/rows.jsonl", _text(lines(3)))
    mix = mixture(tmp_path, "stepping://bucket/out/rows.jsonl")
    with pytest.raises(DataError, match="expected input from outside the output folder"):
        _run(mix, OUT)
    assert _run(mix, "stepping://bucket/other").rows == _run(mix, tmp_path / "here").rows == 3
    assert _run(data, "stepping://bucket/third").rows == 80


# ---- the lock


def test_one_run_at_a_time_in_a_store(data: Mixture) -> None:
    def second() -> None:
        with pytest.raises(DataError, match=rf"stepping://bucket/out: .* process {os.getpid()}"):
            _run(data, OUT, resume=True)

    _run(data, OUT, progress=_once_at(20, second))
    assert not place_of(OUT).holds(LOCK)


def _lock(**about: object) -> None:
    store = Stepping()
    with place_of(OUT).locked():
        held = json.loads(store.cat_file(f"/bucket/out/{LOCK}"))
    store.pipe_file(f"/bucket/out/{LOCK}", json.dumps({**held, **about}).encode())


def test_the_lock_of_a_process_that_has_ended_is_taken_over(data: Mixture) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    _lock(process=ended.pid)
    assert _run(data, OUT).rows == 80


@pytest.mark.parametrize(
    ("about", "holder"),
    [
        ({"process": os.getpid()}, f"process {os.getpid()} on "),
        ({"machine": "another", "host": "far"}, "on far since 20.*, remove .*lock.tmp"),
        ({"made_by": "someone"}, "something that is no run"),
    ],
    ids=["ours", "of another machine", "of another program"],
)
def test_any_other_lock_is_respected(data: Mixture, about: dict[str, Any], holder: str) -> None:
    _lock(**about)
    before = Stepping.held()
    with pytest.raises(DataError, match=holder):
        _run(data, OUT)
    Stepping().pipe_file(f"/bucket/out/{LOCK}", b"[]")
    with pytest.raises(DataError, match="something that is no run"):
        _run(data, OUT)
    assert before.keys() == Stepping.held().keys()


def test_a_store_without_locks_says_so(
    data: Mixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plainly = Stepping.pipe_file
    monkeypatch.setattr(
        Stepping, "pipe_file", lambda self, path, value, **_: plainly(self, path, value)
    )
    with pytest.warns(UserWarning, match="this store cannot create an object only if"):
        _run(data, OUT)
    _run(data, tmp_path / "whole")
    assert _written() == contents(tmp_path / "whole")


def test_a_folder_of_someone_else_is_no_scratch(tmp_path: Path) -> None:
    place: Any = place_of(OUT)
    place.scratch.rmdir()
    place.scratch.parent.joinpath("elsewhere").mkdir()
    mark = place.scratch
    mark.rmdir()
    mark.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="expected a folder of our own"):
        _ = place.scratch


# ---- stores that refuse


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError("no bucket"), "expected a bucket or repository that exists"),
        (PermissionError("Forbidden"), "expected credentials that give access"),
        (RuntimeError("the line is dead"), "expected an answer from the store, found: the line"),
    ],
)
def test_a_store_that_refuses_is_named(
    data: Mixture, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Stepping, "pipe_file", refuse)
    with pytest.raises(DataError, match=rf"^stepping://bucket/out/.*: {reason}"):
        _run(data, OUT)
    assert Stepping.held() == {}


def test_a_store_that_breaks_off_is_resumed(
    data: Mixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every upload in turn."""
    _run(data, tmp_path / "whole")
    plainly, calls = Stepping.put_file, 0

    def fails(self: Any, *arguments: Any, **more: Any) -> None:
        nonlocal calls
        calls += 1
        if calls % 3 == 1:
            raise RuntimeError("the line is dead")
        plainly(self, *arguments, **more)

    monkeypatch.setattr(Stepping, "put_file", fails)
    stops = 0
    for _ in range(100):
        try:
            _run(data, OUT, resume=stops > 0)
            break
        except ChatfmtError as error:
            assert "the line is dead" in str(error)  # noqa: PT017 - one of many
            stops += 1
    assert stops > 3
    assert _written() == contents(tmp_path / "whole")


def test_parts_of_the_refused_rows_must_be_as_they_were(data: Mixture) -> None:
    Stepping.moments.clear()
    _run(data, OUT)
    part = temporary_name("0" * 32, f"rejects.jsonl.{0:020}")[41:]
    before = next(
        moment
        for moment in Stepping.moments
        if b'"stage": "done"' in moment.get("/bucket/out/manifest.json", b"")
        and "/bucket/out/rejects.jsonl" not in moment
    )
    before = {name: held for name, held in before.items() if LOCK not in name}
    [name] = [name for name in before if name.endswith(part)]
    Stepping.restore({**before, name: before[name].replace(b"row", b"wor")})
    with pytest.raises(DataError, match=r"expected rejects\.jsonl in parts, found them altered"):
        _run(data, OUT, resume=True)
    Stepping.restore({key: held for key, held in before.items() if key != name})
    with pytest.raises(DataError, match="that it is missing"):
        _run(data, OUT, resume=True)


# ---- exports and commands


def test_an_export_goes_from_store_to_store(data: Mixture, tmp_path: Path) -> None:
    _run(data, OUT)
    _run(data, tmp_path / "whole")
    expected = export(tmp_path / "whole", tmp_path / "ready", "npy", "trl")
    Stepping.moments.clear()
    assert export(OUT, "stepping://bucket/ready", "npy", "trl") == expected
    assert Stepping.held("/bucket/ready/") == contents(tmp_path / "ready")
    assert [
        len(moment) for moment in Stepping.moments if "/bucket/ready/export.json" in moment
    ] == [len(Stepping.held())]
    with pytest.raises(DataError, match="expected a folder that does not exist yet"):
        export(OUT, "stepping://bucket/ready", "npy")


def test_commands_write_and_check_urls(
    tmp_path: Path, memory: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    memory.pipe_file("/in/a.jsonl", _text(lines(30, bad_every=10)))
    source = ["memory://in/*.jsonl", "--format", "gpt-4", "--workers", "1"]
    assert main(["tokenize", *source, "-o", OUT]) == 0
    assert "3 of 30 rows were refused: see stepping://bucket/out/rejects" in capsys.readouterr().err
    assert main(["tokenize", *source, "-o", str(tmp_path / "out")]) == 0
    assert _written() == contents(tmp_path / "out")
    assert main(["corpus", "check", OUT]) == 0
    assert main(["corpus", "export", OUT, "--to", "jsonl", "-o", "memory://ready"]) == 0
    assert memory.cat_file("/ready/data.jsonl").count(b"\n") == 27
    assert main(["tokenize", *source, "-o", OUT]) == 2
    assert "found an earlier run: --resume continues it" in capsys.readouterr().err
