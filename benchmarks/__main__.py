"""`python -m benchmarks`: all rows, written down. With names of rows: these alone, on the terminal.

Takes about five minutes. Nothing else should run on the machine.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

from benchmarks.stock import build
from benchmarks.table import Row, markdown, terminal

_ROOT = Path(__file__).resolve().parents[1]
_LIBRARIES = (
    "tiktoken",
    "transformers",
    "tokenizers",
    "openai-harmony",
    "renderers",
    "mistral-common",
)


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}"


def main(names: list[str]) -> None:
    build()
    from benchmarks.rows import FULL, ROWS  # reads conversations

    if unknown := set(names) - ROWS.keys():
        sys.exit(f"unknown rows: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    load, rows = _load(), list[Row]()
    print(terminal())
    for name in names or ROWS:
        for row in ROWS[name](FULL):
            rows.append(row)
            print(terminal([row]), flush=True)
    if names:
        return
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": f"{load} and {_load()}",
        "versions": {library: importlib.metadata.version(library) for library in _LIBRARIES},
    }
    results = {"machine": machine, "rows": [row._asdict() for row in rows]}
    written = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    (_ROOT / "benchmarks" / "results.json").write_text(written, encoding="utf-8")
    (_ROOT / "docs" / "performance.md").write_text(markdown(results), encoding="utf-8")
    print("written: benchmarks/results.json, docs/performance.md")


main(sys.argv[1:])
