"""`python -m benchmarks`: all rows, written down. With names of rows: these alone, on the terminal.

Takes about an hour. Nothing else should run on the machine. All is measured in several
processes, since it is by chance where an encoder's tables lie in memory, and whose lie better.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.stock import build
from benchmarks.table import Row, markdown, pooled, terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ROOT = Path(__file__).resolve().parents[1]
_LIBRARIES = (
    "tiktoken",
    "transformers",
    "tokenizers",
    "openai-harmony",
    "renderers",
    "mistral-common",
)


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:  # its rows are left out, with a line on why
        return "not installed"


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}"


_PROCESSES = 4
_FIRST = ("tokenize", "parent")  # what a user would take instead
_FRESH = ("load", "peak")  # they, too, start processes of their own


def _measure(names: Iterable[str], *, ours_first: bool, shorter: int = 1) -> Iterator[Row]:
    """The rows of these names, in this process."""
    build(ours_first=ours_first)
    from benchmarks.rows import FULL, ROWS  # reads conversations

    names = list(names)
    if unknown := set(names) - ROWS.keys():
        sys.exit(f"unknown rows: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    for name in names or [name for name in ROWS if name not in _FIRST + _FRESH]:
        yield from ROWS[name](FULL._replace(seconds=FULL.seconds / shorter))


def _in_processes() -> Iterator[Row]:
    """The rows of several processes, pooled: in every second one tiktoken's encoders come first."""
    found: list[list[Row]] = []
    for nth in range(_PROCESSES):
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks", f"--turn={nth}"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found.append([Row(**row) for row in json.loads(done.stdout)])
    yield from map(pooled, zip(*found, strict=True))


def _turn(nth: int) -> None:
    """One of those processes: its rows as JSON."""
    rows = []
    for row in _measure([], ours_first=nth % 2 == 0, shorter=_PROCESSES):
        rows.append(row._asdict())
        sys.stderr.write(terminal([row]) + "\n")
    print(json.dumps(rows))


def main(arguments: list[str]) -> None:
    """Do what the arguments ask for."""
    if arguments and arguments[0].startswith("--turn="):
        _turn(int(arguments[0].removeprefix("--turn=")))
        return
    print(terminal(), flush=True)
    if arguments:
        for row in _measure(arguments, ours_first=True):
            print(terminal([row]), flush=True)
        return
    load = _load()
    rows = [*_measure(_FIRST, ours_first=True), *_in_processes()]
    rows += _measure(_FRESH, ours_first=True)
    print(terminal(rows))
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": f"{load} and {_load()}",
        "versions": {library: _version(library) for library in _LIBRARIES},
    }
    results = {"machine": machine, "rows": [row._asdict() for row in rows]}
    written = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    (_ROOT / "benchmarks" / "results.json").write_text(written, encoding="utf-8")
    (_ROOT / "docs" / "performance.md").write_text(markdown(results), encoding="utf-8")
    print("written: benchmarks/results.json, docs/performance.md")


main(sys.argv[1:])
