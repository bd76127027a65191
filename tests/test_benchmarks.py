"""The benchmarks run: each once, on next to nothing. No clock is held to anything here."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("numpy", reason="tiktoken's raw call to a buffer")
pytest.importorskip("jinja2", reason="transformers needs it for chat templates")

from benchmarks.rows import ROWS, Scale
from benchmarks.table import markdown, terminal

TINY = Scale(seconds=0.0, characters=4000, batch=4000, turns=3, text=4000, rounds=1)
SLOW = {"batch", "growth", "load", "peak", "peers"}  # processes of their own, or large peers


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in ROWS]
)
def test_it_runs_and_both_sides_do_the_same(name: str) -> None:
    rows = list(ROWS[name](TINY))
    assert all(row.chatfmt > 0 and row.ratio > 0 for row in rows)
    assert len(terminal(rows).splitlines()) == len(rows)
    machine = {"python": "", "system": "", "processors": 1, "load": "", "versions": {}}
    saved = json.loads(json.dumps({"machine": machine, "rows": [row._asdict() for row in rows]}))
    page = markdown(saved)
    assert page.count("\n| ") == len(rows) + 2
    assert page.count("| not met |") == sum(row.met is False for row in rows)
