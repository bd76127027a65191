"""The benchmarks run, each once on very little data. No time is checked here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="tiktoken's raw call to a buffer")
pytest.importorskip("jinja2", reason="transformers needs it for chat templates")

from benchmarks.beside import processor_time
from benchmarks.corpus import collect_orphans
from benchmarks.library import compare
from benchmarks.rows import ROWS, Scale
from benchmarks.table import Row, Target, markdown, pooled, terminal

from sizes import LARGE

TINY = Scale(seconds=0.0, characters=4000, batch=4000, turns=3, text=4000, rounds=1)
# processes of their own, large peers, or vocabularies that wheels ship
SLOW = {"batch", "calls", "growth", "load", "parent", "peak", "peers", "tokenize"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))
        for name in ROWS
        if LARGE or name != "tokenize"  # starts dozens of processes with large libraries
    ],
)
def test_it_runs_and_both_sides_do_the_same(name: str) -> None:
    rows = list(ROWS[name](TINY))
    assert all(row.chatfmt > 0 and row.ratio > 0 for row in rows)
    assert len(terminal(rows).splitlines()) == len(rows)
    machine = {"python": "", "system": "", "processors": 1, "load": "0.10 and 0.20", "versions": {}}
    saved = json.loads(json.dumps({"machine": machine, "rows": [row._asdict() for row in rows]}))
    page = markdown(saved)
    assert page.count("\n| ") == len(rows) + 2
    assert page.count("| not met |") == sum(row.met is False for row in rows)


@pytest.mark.parametrize(("load", "warned"), [("0.10 and 3.90", False), ("0.10 and 4.00", True)])
def test_the_page_warns_of_other_work(load: str, warned: bool) -> None:  # noqa: FBT001 - a case
    machine = {"python": "", "system": "", "processors": 2, "load": load, "versions": {}}
    page = markdown({"machine": machine, "rows": []})
    assert ("The machine was busy with other work" in page) is warned


def test_rows_of_several_processes_are_one_row() -> None:
    row = Row("a", "b", "c", "ms", 1.0, 2.0, 2.0, 2.5, 3, "ratio ≥ 2", met=True)
    worse = row._replace(chatfmt=3.0, ratio=1.0, note="slow", met=False)
    free = row._replace(ratio=0.1, target="", met=None)
    expected = row._replace(chatfmt=2.0, ratio=1.5, rounds=6, met=False)
    assert pooled([row, free, worse]) == expected
    assert pooled([free, free])._replace(rounds=3) == free
    assert pooled([row, row, worse]) == row._replace(rounds=9)


def test_a_target_is_read_as_it_is_written() -> None:
    for target in (Target("ratio", "≥", 0.85), Target("chatfmt", "≤", 600)):
        assert Target.parse(str(target)) == target


@pytest.mark.slow
def test_the_library_beside_another_checkout_of_it() -> None:
    rows = [*compare(Path(__file__).parents[1], characters=2000, rounds=1, processes=2)]
    assert {row.work for row in rows} >= {"encode", "batch", "decode", "stream of text"}
    assert all(row.minima > 0 and row.medians > 0 for row in rows)


@pytest.mark.slow
def test_another_checkout_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="expected the chatfmt of"):
        next(compare(tmp_path, characters=2000, rounds=1, processes=1))


def test_only_the_processes_of_a_command_are_waited_for() -> None:
    collect_orphans()
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        worker = "import os, sys, time\nif not os.fork():\n    sum(range(10**7))\n"
        assert processor_time([sys.executable, "-c", worker]) > 0.1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
