"""The Ray engine gives what the local engine gives, whatever happens to its processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatfmt.corpus import FileOptions, encode_on_ray, tokenize
from chatfmt.corpus.ray_engine import _ray
from corpus_data import contents, lines, mixture, options, write
from heavy import heavy

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


def test_ray_is_started_and_stopped_by_the_way(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(40, bad_every=5))
    mix = mixture(tmp_path, "a.jsonl")
    tokenize(mix, tmp_path / "local", options(mix), workers=1)
    tokenize(mix, tmp_path / "ray", options(mix), engine="ray", workers=1)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert not _ray().is_initialized()
    assert list(encode_on_ray([], options(mix), 1)) == []
