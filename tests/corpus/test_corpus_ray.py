"""The Ray engine gives what the local engine gives, whatever happens to its processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt.corpus import EncodeOptions, FileOptions, batches, encode_on_ray, raw_rows, tokenize
from chatfmt.corpus.ray_engine import _ray
from chatfmt.errors import ChatfmtError
from corpus_data import ENCODINGS, contents, lines, mixture, options, tokenizer_of, write
from heavy import heavy
from killing_encoding import KillingEncoding

if TYPE_CHECKING:
    from chatfmt.corpus import Summary

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def _has_ray() -> None:
    heavy("ray")


def _our_actors() -> list[int]:
    """Actors of the Ray that this process has started: they are children of its child."""

    def parent(process: int) -> int:
        status = Path("/proc", str(process), "stat").read_text()
        return int(status.rpartition(")")[2].split()[1])

    found = []
    for name in Path("/proc").glob("[0-9]*"):
        try:
            actor = b"ray::_Encoder" in (name / "cmdline").read_bytes()
            if actor and parent(parent(int(name.name))) == os.getpid():
                found.append(int(name.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_both_engines_give_the_same_although_an_actor_is_killed(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(20_000, bad_every=50))
    mix = mixture(tmp_path, "a.jsonl")
    files = FileOptions(shard_tokens=500_000, shuffle=1, pack=1024)
    ray = _ray()
    killed: list[int] = []

    def kill_one(summary: Summary, _part: float) -> None:
        if summary.rows > 6000 and not killed:
            killed.append(_our_actors()[0])
            os.kill(killed[0], signal.SIGKILL)

    local = tokenize(mix, tmp_path / "local", options(mix), files, workers=2)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        on_ray = tokenize(
            mix, tmp_path / "ray", options(mix), files, engine="ray", progress=kill_one
        )
    finally:
        ray.shutdown()
    assert killed
    assert on_ray == local
    assert local.rejected >= 400
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("kind", ENCODINGS)
def test_an_actor_that_is_killed_starts_again_with_every_kind_of_encoding(
    tmp_path: Path, kind: str
) -> None:
    write(tmp_path / "a.jsonl", lines(6000, bad_every=50))
    mix = mixture(tmp_path, "a.jsonl")
    chosen = EncodeOptions(tokenizer=tokenizer_of(kind), sources=mix.sources)
    files = FileOptions(shard_tokens=50_000)
    killed: set[int] = set()

    def kill(summary: Summary, _part: float) -> None:
        if summary.rows > 1500 * (len(killed) + 1) and len(killed) < 2:
            fresh = [actor for actor in _our_actors() if actor not in killed]
            if fresh:
                killed.add(fresh[0])
                os.kill(fresh[0], signal.SIGKILL)

    expected = tokenize(mix, tmp_path / "local", chosen, files, workers=1)
    on_ray = tokenize(mix, tmp_path / "ray", chosen, files, engine="ray", workers=1, progress=kill)
    assert len(killed) == 2
    assert on_ray == expected
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_ray_is_started_and_stopped_by_the_way(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(40, bad_every=5))
    mix = mixture(tmp_path, "a.jsonl")
    tokenize(mix, tmp_path / "local", options(mix), workers=1)
    tokenize(mix, tmp_path / "ray", options(mix), engine="ray", workers=1)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert not _ray().is_initialized()
    assert list(encode_on_ray([], options(mix), 1)) == []


def test_an_actor_without_a_cpu_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(4000))
    mix = mixture(tmp_path, "a.jsonl")
    expected = tokenize(mix, tmp_path / "local", options(mix), workers=1)
    _ray().init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        assert tokenize(mix, tmp_path / "ray", options(mix), engine="ray", workers=3) == expected
    finally:
        _ray().shutdown()


def test_rows_that_kill_are_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.jsonl", [b'{"prompt": "2+2?", "completion": "die"}'])
    (tmp_path / "marks").mkdir()
    mix = mixture(tmp_path, "a.jsonl")
    tok = chatfmt.get_tokenizer("gpt-4", KillingEncoding(tmp_path / "marks", 99))
    chosen = EncodeOptions(tokenizer=tok, sources=mix.sources)
    # An actor does not find the tests' modules by itself: as on a machine that lacks something.
    with pytest.raises(ChatfmtError, match=r"could not start.* No module named 'killing_encoding'"):
        list(encode_on_ray(batches(raw_rows(mix)), chosen, 1))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    with pytest.raises(ChatfmtError, match="died 4 times over the same rows"):
        list(encode_on_ray(batches(raw_rows(mix)), chosen, 1))
    assert len(list((tmp_path / "marks").iterdir())) == 4


def test_it_reads_from_and_writes_to_a_store(tmp_path: Path) -> None:
    """The process of the run does both, so the actors need no access to it."""
    memory = pytest.importorskip("fsspec").filesystem("memory")
    memory.store.clear()
    whole = write(tmp_path / "a.jsonl", lines(3000, bad_every=50))
    memory.pipe_file("/in/a.jsonl", whole.read_bytes())
    mix = mixture(tmp_path, "memory://in/*.jsonl")
    files = FileOptions(shard_tokens=100_000)
    expected = tokenize(mix, tmp_path / "local", options(mix), files, workers=1)
    found = tokenize(mix, "memory://out/corpus", options(mix), files, engine="ray", workers=1)
    assert found == expected
    memory.get("/out/corpus", str(tmp_path / "fetched"), recursive=True)
    memory.store.clear()
    assert contents(tmp_path / "fetched") == contents(tmp_path / "local")
