"""Kills, full disks and broken files: nothing is lost or half-written, and the counts add up."""

from __future__ import annotations

import contextlib
import gzip
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.corpus import (
    EncodeOptions,
    batches,
    encode_locally,
    encode_records,
    raw,
    raw_rows,
    tokenize,
)
from chatfmt.corpus.arrow import pq
from chatfmt.errors import ChatfmtError
from corpus_data import (
    ENCODINGS,
    command,
    contents,
    finish,
    lines,
    mixture,
    options,
    rejects,
    tokenizer_of,
    write,
)
from killing_encoding import KillingEncoding
from sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatfmt.adapters import Mixture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills as POSIX has them")


def _results(engine: Iterable[Any]) -> Any:
    return [[part.to_pylist() for part in pair] for pair in engine]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "_BATCH_ROWS", 512)


@pytest.fixture
def many(tmp_path: Path) -> Any:
    """Rows for about 4 batches."""
    write(tmp_path / "many.jsonl", lines(2000, bad_every=50))
    return mixture(tmp_path, "many.jsonl")


@pytest.fixture
def expected(many: Mixture) -> Any:
    chosen = options(many)
    return _results(encode_records(batch, chosen) for batch in batches(raw_rows(many)))


def test_processes_give_the_same_in_order(many: Mixture, expected: list[Any]) -> None:
    assert _results(encode_locally(batches(raw_rows(many)), options(many), 2)) == expected


def test_work_under_way_is_bounded(many: Mixture) -> None:
    drawn = 0

    def counted() -> Any:
        nonlocal drawn
        for batch in [*batches(raw_rows(many))] * 3:
            drawn += 1
            yield batch

    results = encode_locally(counted(), options(many), 2)
    next(results)
    assert drawn <= 6
    results.close()


@pytest.mark.parametrize("kind", ENCODINGS)
def test_a_worker_that_is_killed_is_replaced(many: Mixture, expected: list[Any], kind: str) -> None:
    chosen = EncodeOptions(tokenizer=tokenizer_of(kind), sources=many.sources)
    results = encode_locally(batches(raw_rows(many)), chosen, 2)
    found = [next(results)]
    [victim, _] = multiprocessing.active_children()
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    found += results
    assert _results(found) == expected


@pytest.mark.parametrize("deaths", [2, 3])
def test_rows_that_kill_are_given_up_in_the_end(tmp_path: Path, deaths: int) -> None:
    write(tmp_path / "a.jsonl", [b'{"prompt": "2+2?", "completion": "die"}'])
    (tmp_path / "marks").mkdir()
    mix = mixture(tmp_path, "a.jsonl")
    encoding = KillingEncoding(tmp_path / "marks", deaths)
    tok = chatfmt.get_tokenizer("gpt-4", encoding)
    chosen = EncodeOptions(tokenizer=tok, sources=mix.sources)
    results = encode_locally(batches(raw_rows(mix)), chosen, 2)
    if deaths < 3:
        [(examples, _)] = results
        assert examples.num_rows == 1
    else:
        with pytest.raises(ChatfmtError, match="died 3 times over the same rows"):
            list(results)


_NAMES = re.compile(
    r"shard-\d{5}\.parquet|rejects\.jsonl|summary\.json|manifest\.json"
    r"|\.chatfmt-[0-9a-f]{32}-[\w.-]+\.tmp"
)


def _kill_at_random(folder: Path, kills: int, files: list[object], seed: int) -> None:
    write(folder / "a.jsonl", lines(5000, bad_every=50))
    arguments = [folder / "a.jsonl", "--format", "gpt-4", "--workers", 2, *files]
    begun = time.monotonic()
    assert finish(command(*arguments, "-o", folder / "whole"))[0] == 0
    whole = time.monotonic() - begun
    expected = contents(folder / "whole")
    chance = random.Random(seed)  # noqa: S311 - moments, no secret
    killed, ended, out = 0, 0, folder / "out-0"
    mine = b"a file that was there before"
    while killed < kills or ended == 0:
        more = [] if not (out / "manifest.json").exists() else ["--resume"]
        if more and chance.random() < 0.2:
            more = ["--overwrite"]
        run = command(*arguments, "-o", out, *more)
        try:
            run.wait(chance.uniform(0.1, 1.2) * whole if killed < kills else 300)
        except subprocess.TimeoutExpired:
            run.kill()
            killed += 1
        code, error = finish(run)
        assert code in {0, -signal.SIGKILL}, error
        if code == 0:
            found = contents(out)
            assert found.pop("notes.parquet", mine) == mine
            assert found == expected
            ended += 1
            out = folder / f"out-{ended}"
        else:
            names = {path.name for path in out.iterdir()} if out.exists() else set()
            assert all(map(_NAMES.fullmatch, names - {"notes.parquet"}))
            if (out / "manifest.json").exists():
                (out / "notes.parquet").write_bytes(mine)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kills", "files"),
    [
        (size(4, 25), ["--shard-tokens", 15_000]),
        (size(4, 25), ["--shard-tokens", 30_000, "--shuffle", 3, "--pack", 512]),
    ],
    ids=["plain", "packed"],
)
def test_a_run_that_is_killed_at_any_moment_ends_the_same(
    tmp_path: Path, kills: int, files: list[object]
) -> None:
    _kill_at_random(tmp_path, kills, files, seed=len(files))


_MARK = "CHATFMT_TEST"
_SEES_PROCESSES = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="looks for processes in /proc"
)


def _marked(*arguments: object) -> Any:
    """A run whose processes `_alive` finds."""
    return command(*arguments, env={**os.environ, _MARK: str(os.getpid())})


def _alive() -> list[int]:
    """The processes of a run and of what it has started, the oldest first."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"{_MARK}={os.getpid()}".encode() in variables:
            found.append(int(folder.name))
    return sorted(found)


@pytest.mark.slow
@_SEES_PROCESSES
def test_no_process_outlives_its_parent(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(20_000))
    run = _marked(tmp_path / "a.jsonl", "-o", tmp_path / "out", "--workers", 2)
    _wait(lambda: len(_alive()) >= 4)  # the run, two workers, what starts them
    run.kill()
    finish(run)
    _wait(lambda: not _alive())


@pytest.mark.slow
@_SEES_PROCESSES
def test_workers_that_are_killed_at_random_change_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(20_000, bad_every=50))
    arguments = [tmp_path / "a.jsonl", "--format", "gpt-4", "--workers", 2]
    arguments += ["--shard-tokens", 10_000]
    assert finish(command(*arguments, "-o", tmp_path / "whole"))[0] == 0
    # So many that all rows under way at one kill are written before the next: none meet three.
    many = len(list((tmp_path / "whole").glob("*.parquet"))) // 3
    run = command(*arguments, "-o", tmp_path / "out")
    chance = random.Random(7)  # noqa: S311 - moments, no secret
    killed = shards = 0
    while run.poll() is None:
        time.sleep(chance.uniform(0, 0.3))
        if (found := len(list((tmp_path / "out").glob("*.parquet")))) > shards:
            shards = found + many
            for victim in chance.sample(workers := _workers(run.pid), min(1, len(workers))):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed += 1
    code, error = finish(run)
    assert (code, killed > 1) == (0, True), error
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def _workers(parent: int) -> list[int]:
    """Of the processes of a run, those that encode: children of the one that starts them."""

    def children(process: int) -> list[int]:
        try:
            tasks = Path("/proc", str(process), "task", str(process), "children")
            return list(map(int, tasks.read_text().split()))
        except OSError:
            return []

    return [worker for starter in children(parent) for worker in children(starter)]


def _wait(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("waited for half a minute")


@pytest.mark.parametrize(
    "limit", [30_000, *(pytest.param(n, marks=pytest.mark.slow) for n in (300, 3000, 12_000))]
)
@pytest.mark.parametrize("files", [[], ["--shuffle", 3, "--pack", 512]], ids=["plain", "packed"])
def test_a_full_disk_stops_a_run_that_goes_on_later(
    tmp_path: Path, limit: int, files: list[object]
) -> None:
    write(tmp_path / "a.jsonl", lines(1500, bad_every=50))
    arguments = [tmp_path / "a.jsonl", "--workers", 1, "--shard-tokens", 40_000, *files]

    def small() -> None:  # the disk is full for files of more than so many bytes
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    # What measures coverage would be the first to find no room.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    run = command(*arguments, "-o", tmp_path / "out", before=small, env=alone)
    code, error = finish(run)
    assert code == 2
    assert error.strip().splitlines()[-1].startswith("chatfmt tokenize: error: ")
    assert "Traceback" not in error
    assert "too large" in error
    left = set(contents(tmp_path / "out"))
    assert all(map(_NAMES.fullmatch, left))
    assert not [name for name in left if ".parquet.tmp" in name]
    more = ["--resume"] if (tmp_path / "out" / "manifest.json").exists() else []
    assert finish(command(*arguments, "-o", tmp_path / "out", *more))[0] == 0
    assert finish(command(*arguments, "-o", tmp_path / "whole"))[0] == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/mem is a file that cannot be read")
def test_what_breaks_off_is_one_refused_row(tmp_path: Path) -> None:
    good = lines(30)
    write(tmp_path / "0.jsonl", good)
    (tmp_path / "1.jsonl").symlink_to("/proc/self/mem")
    whole = gzip.compress(b"\n".join(lines(300, 1)))
    (tmp_path / "2.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "3.json").write_bytes(b"[" + good[0] + b"," + good[1][:-5])
    (tmp_path / "4.parquet").write_bytes(b"PAR1 and so on")
    write(tmp_path / "5.jsonl", good)
    mix = mixture(tmp_path, "*.json*", "*.parquet")
    summary = tokenize(mix, tmp_path / "out", options(mix), workers=1)
    assert summary.rows == summary.output + summary.rejected
    assert summary.rejected == 4
    told = rejects(tmp_path / "out")
    assert [row["file"] for row in told] == ["1.jsonl", "2.jsonl.gz", "3.json", "4.parquet"]
    for row, reason in zip(
        told, ["cannot be read", "found the end", "JSON", "Parquet"], strict=True
    ):
        assert reason in row["reason"]
        assert " read before it: " in row["reason"]
        assert row["row"] is None
    [path] = (tmp_path / "out").glob("*.parquet")
    found = pq.read_table(path, columns=["file"])["file"].to_pylist()
    assert found.count("0.jsonl") == found.count("5.jsonl") == 30
    assert found.count("2.jsonl.gz") == told[1]["line"] - 1 > 50
    assert found.count("3.json") == 1


@pytest.mark.slow
def test_a_row_of_50_megabytes_is_a_row(tmp_path: Path) -> None:
    text = "many words " * (50_000_000 // 11)
    row = json.dumps({"prompt": "Say a lot.", "completion": text}).encode()
    write(tmp_path / "a.jsonl", [*lines(20), row, row[:-1], *lines(20)])
    mix = mixture(tmp_path, "a.jsonl")
    summary = tokenize(mix, tmp_path / "out", options(mix), workers=2)
    assert (summary.rows, summary.output, summary.rejected) == (42, 41, 1)
    [told] = rejects(tmp_path / "out")
    assert told["row"].encode() == row[:-1]
    [path] = (tmp_path / "out").glob("*.parquet")
    assert pq.read_table(path)["input_ids"][20].as_py() == chatfmt.get_tokenizer("gpt-4").encode(
        [{"role": "user", "content": "Say a lot."}, {"role": "assistant", "content": text}]
    )
