"""Folders: what a run removes and never touches, one run at a time, manifests of every kind."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.cli import main
from chatfmt.corpus import FileOptions, Summary, TooManyRejectsError, raw, tokenize
from chatfmt.corpus.folder import LOCK, temporary_name
from chatfmt.corpus.lock import locked
from chatfmt.errors import ChatfmtError, DataError
from corpus_data import (
    command,
    contents,
    finish,
    lines,
    mixture,
    options,
    overwrite_and_resume,
    write,
)
from sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt.adapters import Mixture

WAYS = [FileOptions(shard_tokens=4000), FileOptions(shard_tokens=4000, shuffle=7, pack=256)]


class _Stop(Exception):  # noqa: N818 - no error
    pass


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "_BATCH_ROWS", 16)


@pytest.fixture
def data(tmp_path: Path) -> Any:
    """Rows for some ten batches."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "a.jsonl", lines(150, bad_every=10))
    return mixture(folder, "a.jsonl")


def _run(data: Mixture, out: Path, files: FileOptions | None = None, **how: Any) -> Summary:
    return tokenize(data, out, options(data), files or WAYS[0], workers=1, **how)


def _stop_after(rows: int) -> Callable[[Summary, float], None]:
    def progress(summary: Summary, _part: float) -> None:
        if summary.rows >= rows:
            raise _Stop

    return progress


def _tree(folder: Path) -> dict[str, Any]:
    """Everything below a folder: what a link says, what a file holds, and that a folder is one."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))  # noqa: PTH115 - as it is spelled
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
    return found


# ---- what is not ours

_NAMES = [
    "train-00000-of-00001.parquet",
    "eval-set.parquet",
    "my-notes.parquet.bak",
    "notes-2026.parquet.md",
    "shard-00000.parquet.bak",
    "shard-00000.parquet.part",
    "shard-0.parquet",
    "shard-00000.parquet",
    "shard-00001.parquet",
    "shard-00099.parquet",
    "encoded-00000.arrow",
    "encoded-00000.arrow.part",
    "rejects.jsonl",
    "rejects.jsonl.part",
    "summary.json",
    "summary.json.part",
    "manifest.json",
    "manifest.json.part",
    "manifest.json.bak",
    "work",
    "buckets",
    "bucket-0.arrow",
    ".chatfmt",
    ".chatfmt-lock",
    ".chatfmt.tmp",
    f".chatfmt-{'0' * 31}g-shard-00000.parquet.tmp",
    f"chatfmt-{'0' * 32}-shard-00000.parquet.tmp",
    "thesis.txt",
]


def _plant(folder: Path, name: str, kind: str, elsewhere: Path) -> None:
    path = folder / name
    if os.path.lexists(path):
        if path.is_dir():
            return
        path.unlink()  # the user has put something of their own in its place
    if kind == "file":
        path.write_bytes(b"mine")
    elif kind == "folder":
        path.mkdir()
        (path / "encoded-00000.arrow").write_bytes(b"mine")
        (path / "thesis.parquet").write_bytes(b"mine")
    elif kind == "link":
        path.symlink_to(elsewhere / "target")
    else:
        path.symlink_to(elsewhere / "nothing")


_KINDS = ["file", "folder", "link", "dangling"]


def _begun(state: str, data: Mixture, out: Path, files: FileOptions) -> None:
    """A folder in one of the states that a run may leave it in."""
    if state == "empty":
        out.mkdir()
    elif state == "done":
        _run(data, out, files)
    elif state == "stopped":
        with pytest.raises(_Stop):
            _run(data, out, files, progress=_stop_after(100))
    else:
        # As a kill leaves it: nothing is tidied up.
        with pytest.raises(_Stop):
            _run(data, out.with_name("copied"), files, progress=_copy_to(out, 100))


def _copy_to(out: Path, rows: int) -> Callable[[Summary, float], None]:
    def progress(summary: Summary, _part: float) -> None:
        if summary.rows >= rows:
            shutil.copytree(next(out.parent.glob("copied")), out)
            raise _Stop

    return progress


@pytest.mark.slow
@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("state", ["empty", "done", "stopped", "killed"])
@pytest.mark.parametrize("files", WAYS, ids=["plain", "packed"])
def test_what_is_not_ours_is_never_touched_anywhere(
    data: Mixture, tmp_path: Path, files: FileOptions, state: str, kind: str
) -> None:
    _never_touched(data, tmp_path, files, state, kind, _NAMES)


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("state", ["done", "killed"])
def test_what_is_not_ours_is_never_touched(
    data: Mixture, tmp_path: Path, state: str, kind: str
) -> None:
    _never_touched(data, tmp_path, WAYS[kind == "file"], state, kind, _NAMES[::7])


def _never_touched(  # noqa: PLR0917 - the two tests above pass all
    data: Mixture, tmp_path: Path, files: FileOptions, state: str, kind: str, names: list[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "target").write_bytes(b"mine")
    _begun(state, data, tmp_path / "base", files)
    ended = 0
    hows: list[dict[str, Any]] = [{}, {"resume": True}, {"overwrite": True}]
    for number, name in enumerate(names):
        for way, how in enumerate(hows):
            out = tmp_path / f"out-{number}-{way}"
            shutil.copytree(tmp_path / "base", out, symlinks=True)
            _plant(out, name, kind, elsewhere)
            before = _tree(out)
            planted = {key: what for key, what in before.items() if key.split("/")[0] == name}
            try:
                _run(data, out, files, **how)
                ended += 1
            except (ChatfmtError, OSError):
                # What a run that is refused may remove are its own temporary files.
                assert how or _tree(out) == before, name
            found = _tree(out)
            assert {key: found.get(key) for key in planted} == planted, (name, how)
            assert _tree(elsewhere) == {"target": (0o644, b"mine")}, (name, how)
            shutil.rmtree(out)
    # With other names than the run itself needs, it ends.
    free = [name for name in names if not _NEEDED.fullmatch(name)]
    assert ended >= (0 if state == "empty" else 2 * len(free))


_NEEDED = re.compile(r"shard-\d{5}\.parquet|(rejects|summary|manifest)\.json[l]?")


def test_a_name_in_the_way_is_told_before_anything_is_done(data: Mixture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(_Stop):
        _run(data, out, progress=_stop_after(100))
    (out / "shard-00007.parquet").write_bytes(b"mine")
    before = _tree(out)
    hows: list[dict[str, Any]] = [{"resume": True}, {"overwrite": True}]
    for how in hows:
        with pytest.raises(DataError, match=r"shard-00007\.parquet: expected no file of this name"):
            _run(data, out, **how)
        assert _tree(out) == before
    (out / "shard-00007.parquet").unlink()
    _run(data, out, resume=True)
    _run(data, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_what_comes_in_the_way_during_a_run_stays(data: Mixture, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def plant(summary: Summary, _part: float) -> None:
        if summary.rows == 32:
            (out / "shard-00001.parquet").write_bytes(b"mine")

    with pytest.raises(DataError, match=r"shard-00001\.parquet: expected no file of this name"):
        _run(data, out, progress=plant)
    assert (out / "shard-00001.parquet").read_bytes() == b"mine"
    (out / "shard-00001.parquet").rename(tmp_path / "mine")
    _run(data, out, resume=True)
    _run(data, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_a_file_of_a_run_that_was_altered_is_somebody_elses(data: Mixture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _run(data, out)
    path = out / "shard-00000.parquet"
    size = path.stat().st_size
    noted = path.stat()
    path.write_bytes(b"x" * size)
    os.utime(path, ns=(noted.st_atime_ns, noted.st_mtime_ns))
    before = _tree(out)
    with pytest.raises(DataError, match="other content than the run wrote"):
        _run(data, out, overwrite=True)
    assert _tree(out) == before


# ---- one at a time


def test_a_second_run_is_refused_and_told_by_whom(
    data: Mixture, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    refused: list[str] = []

    def second(summary: Summary, _part: float) -> None:
        if summary.rows == 32:
            for how in ([], ["--resume"], ["--overwrite"]):
                source = str(data.folder / "a.jsonl")
                assert main(["tokenize", source, "-o", str(out), "--workers", "1", *how]) == 2
                refused.append(capsys.readouterr().err)

    _run(data, out, progress=second)
    assert "found an earlier run" in refused[0]
    for text in refused[1:]:
        assert f"locked by process {os.getpid()} on " in text
        assert " since 20" in text
    _run(data, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_what_a_kill_leaves_of_a_lock_locks_nothing(data: Mixture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / LOCK).write_text('{"made_by": "chatfmt tokenize", "process": 1, "host": "a"}')
    _run(data, out)
    assert not (out / LOCK).exists()


_NO_LOCKS: dict[str, Callable[[Path], object]] = {
    "a link": lambda path: path.symlink_to(path.parent / "target"),
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path, 0o600),
    "a file": lambda path: path.write_bytes(b"mine"),
}


@pytest.mark.parametrize("kind", _NO_LOCKS)
def test_a_lock_follows_no_link_and_writes_over_nothing(tmp_path: Path, kind: str) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    _NO_LOCKS[kind](tmp_path / LOCK)
    before = (tmp_path / LOCK).lstat()
    with pytest.raises(DataError, match=r"found something else .*: move it"), locked(tmp_path):
        pass
    after = (tmp_path / LOCK).lstat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert {path.name for path in tmp_path.iterdir()} == {LOCK, "target"}
    assert (tmp_path / "target").read_bytes() == b"mine"


def _two_at_once(tmp_path: Path, rounds: int) -> None:
    write(tmp_path / "a.jsonl", lines(700, bad_every=20))
    arguments = [tmp_path / "a.jsonl", "--format", "gpt-4", "--workers", 1]
    arguments += ["--shard-tokens", 10_000]
    assert finish(command(*arguments, "-o", tmp_path / "whole"))[0] == 0
    for number in range(rounds):
        out = tmp_path / f"out-{number}"
        how: list[object] = []
        if number % 3:
            assert finish(command(*arguments, "-o", out, "--max-rejects", 3))[0] == 1
            how = ["--resume" if number % 3 == 1 else "--overwrite"]
        runs = [command(*arguments, "-o", out, *how) for _ in range(2)]
        ended = [finish(run) for run in runs]
        codes = sorted(code for code, _ in ended)
        assert codes[0] == 0, ended
        for code, error in ended:
            # The second one may come when the first has ended: then it finds a finished run.
            assert code in {0, 2}
            if code:
                assert "locked by " in error or "found an earlier run" in error
                assert "Traceback" not in error
        assert contents(out) == contents(tmp_path / "whole")


def test_of_two_runs_at_once_one_is_refused(tmp_path: Path) -> None:
    _two_at_once(tmp_path, 2)


@pytest.mark.slow
def test_of_two_runs_at_once_one_is_refused_each_time(tmp_path: Path) -> None:
    _two_at_once(tmp_path, size(5, 20))


# ---- manifests


def _damages(text: bytes) -> dict[str, bytes]:
    value = json.loads(text)
    return {
        "cut": text[: len(text) // 2],
        "without a run": json.dumps({**value, "run": None}, indent=1).encode(),
        "a stage that there is not": json.dumps({**value, "stage": "x"}, indent=1).encode(),
        "a run that is a path": json.dumps({**value, "run": "../" * 8}, indent=1).encode(),
        "more": json.dumps({**value, "more": 1}, indent=1).encode(),
        "no UTF-8": text[:-3] + b"\xff",
        "deep": text[:-3] + b',"plan":' + b"[" * 100_000,
        **{
            f"{member} has {name!r}": json.dumps(
                {**value, member: {name: _NOTE}}, indent=1
            ).encode()
            for member in ("files", "earlier", "encoded")
            for name in ("../mine.parquet", "/mine", "", "a\0b", "mine.parquet", "manifest.json")
        },
    }


_MINE = b"of another folder, or of another program"
# What a run would say of it, had it written it.
_NOTE = {"size": len(_MINE), "sha256": hashlib.sha256(_MINE).hexdigest(), "mtime_ns": 1}


@pytest.mark.parametrize("kind", list(_damages(b"{}")))
@pytest.mark.parametrize("how", [{"resume": True}, {}], ids=["resume", "plain"])
def test_a_damaged_manifest_has_a_remedy(
    data: Mixture, tmp_path: Path, kind: str, how: dict[str, Any]
) -> None:
    out = tmp_path / "out"
    _run(data, out)
    path = out / "manifest.json"
    path.write_bytes(_damages(path.read_bytes())[kind])
    (out / "mine.parquet").write_bytes(_MINE)
    (tmp_path / "mine.parquet").write_bytes(_MINE)
    before = _tree(out)
    with pytest.raises(DataError, match=r"found a damaged one.*--overwrite starts over"):
        _run(data, out, **how)
    with pytest.raises(DataError, match="expected no file of this name"):
        _run(data, out, overwrite=True)
    assert _tree(out) == before
    for name in [*before]:
        if name not in {"manifest.json", "mine.parquet"}:
            (out / name).unlink()
    _run(data, out, overwrite=True)
    for folder in (tmp_path, out):
        assert (folder / "mine.parquet").read_bytes() == _MINE
    (out / "mine.parquet").unlink()
    _run(data, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"name": "a web app"}', b"\xff", b"{" * 100_000, None]
)
def test_a_manifest_of_somebody_else_makes_no_run(
    data: Mixture, tmp_path: Path, text: bytes | None
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.parquet").write_bytes(b"mine")
    if text is None:
        (out / "manifest.json").mkdir()
    else:
        (out / "manifest.json").write_bytes(text)
    before = _tree(out)
    hows: list[dict[str, Any]] = [{}, {"resume": True}, {"overwrite": True}]
    for how in hows:
        with pytest.raises(DataError, match="found other files"):
            _run(data, out, **how)
        assert _tree(out) == before


@pytest.mark.parametrize("files", WAYS, ids=["plain", "packed"])
def test_a_folder_as_it_is_at_any_moment_can_be_resumed_and_overwritten(
    data: Mixture, tmp_path: Path, files: FileOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy at each step that changes names is what a kill there would leave."""
    _run(data, tmp_path / "whole", files)
    expected = contents(tmp_path / "whole")
    out, copies = tmp_path / "out", tmp_path / "copies"
    out.mkdir()
    copies.mkdir()

    def copied_before(name: str) -> None:
        real = getattr(os, name)

        def step(*arguments: Any, **more: Any) -> Any:
            found = real(*arguments, **more)
            if any(str(argument).startswith(str(out)) for argument in arguments):
                # Copies share their files, as links do when a kill comes between the two names.
                target = copies / f"{len(list(copies.iterdir())):04}"
                shutil.copytree(out, target, copy_function=_copy_once(out, target))
            return found

        monkeypatch.setattr(os, name, step)

    with monkeypatch.context():
        for name in ("link", "unlink", "rename", "replace"):
            copied_before(name)
        _run(data, out, files)
        overwrite_and_resume(partial(_run, data, out, files))
    monkeypatch.undo()
    monkeypatch.setattr(raw, "_BATCH_ROWS", 16)
    moments = sorted(copies.iterdir())
    assert len(moments) > 20
    for moment in moments:
        again = tmp_path / "again"
        shutil.copytree(moment, again, copy_function=_copy_once(moment, again))
        _run(data, moment, files, resume=True)
        assert contents(moment) == expected, moment
        _run(data, again, files, overwrite=True)
        assert contents(again) == expected, moment
        shutil.rmtree(again)


def _copy_once(source: Path, target: Path) -> Callable[[str, str], Any]:
    """Copy files so that two names of one file are two names of one copy."""
    done: dict[tuple[int, int], str] = {}

    def copy(name: str, to: str) -> Any:
        found = Path(name).stat()
        key = (found.st_dev, found.st_ino)
        if key in done:
            os.link(done[key], to)
        else:
            done[key] = to
            shutil.copy2(name, to)

    assert source != target
    return copy


def test_refused_rows_can_be_seen_when_a_run_has_stopped(data: Mixture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for limit in (2, 5, 8):
        with pytest.raises(TooManyRejectsError):
            _run(data, out, max_rejects=limit, resume=limit > 2)
        assert len((out / "rejects.jsonl").read_bytes().splitlines()) > limit
    (out / "rejects.jsonl").write_bytes(b"my own")
    with pytest.raises(DataError, match=r"rejects\.jsonl: expected no file of this name"):
        _run(data, out, resume=True)
    assert (out / "rejects.jsonl").read_bytes() == b"my own"


def test_input_in_the_output_folder_is_refused(data: Mixture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _run(data, out)
    before = _tree(out)
    (tmp_path / "link").symlink_to(out)
    for folder in (out, tmp_path / "link"):
        again = mixture(folder, "*.parquet")
        with pytest.raises(DataError, match="found a file in it"):
            _run(again, out, overwrite=True)
    assert _tree(out) == before


@pytest.mark.parametrize("kind", ["folder", "link", "dangling"])
def test_a_folder_or_a_link_is_ours_by_no_name(data: Mixture, tmp_path: Path, kind: str) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    out = tmp_path / "out"
    for stop in (False, True):
        if stop:
            with pytest.raises(_Stop):
                _run(data, out, progress=_stop_after(100))
        else:
            _run(data, out)
        run = json.loads((out / "manifest.json").read_bytes())["run"]
        for owner in (run, "1" * 32):
            _plant(out, temporary_name(owner, "shard-00001.parquet"), kind, tmp_path)
        planted = {name: what for name, what in _tree(out).items() if name.startswith(".chatfmt")}
        hows: list[dict[str, Any]] = [{"resume": True}, {"overwrite": True}]
        for how in hows:
            with contextlib.suppress(ChatfmtError, OSError):
                _run(data, out, **how)
            assert {name: _tree(out).get(name) for name in planted} == planted
        assert (tmp_path / "target").read_bytes() == b"mine"
        shutil.rmtree(out)


_NO_FOLDERS = {
    "s3:/bucket/out": "the path that pathlib makes of a URL",
    "gs:/bucket": "the path that pathlib makes of a URL",
    "s33://bucket/out": "expected a URL that fsspec has a backend for",
    "memory://": "found that of a whole store",
    "file://far/out": "expected a file on this machine",
}


@pytest.mark.parametrize("out", _NO_FOLDERS)
def test_what_is_no_folder_and_no_url_is_refused(
    data: Mixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    out: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = _tree(tmp_path)
    assert main(["tokenize", str(data.folder / "a.jsonl"), "--format", "gpt-4", "-o", out]) == 2
    assert _NO_FOLDERS[out] in capsys.readouterr().err
    assert _tree(tmp_path) == before


def test_a_url_may_name_a_folder_of_this_machine(data: Mixture, tmp_path: Path) -> None:
    _run(data, tmp_path / "one")
    tokenize(data, (tmp_path / "two").as_uri(), options(data), WAYS[0], workers=1)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_temporary_names_are_ours_alone() -> None:
    assert temporary_name("0" * 32, "lock") == LOCK
