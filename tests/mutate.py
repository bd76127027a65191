"""Change the core in many places, one at a time, in a copy of the tree: does a test fail?

    python tests/mutate.py                              the files of `only_mutate` in pyproject.toml
    python tests/mutate.py 'chatfmt.training.weights*'    those whose module fits

Prints what has survived, as a diff, and the figures.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("src", "tests", "conformance", "docs", "examples", "README.md", "pyproject.toml")
KILLED = {1: "killed", 3: "killed", 0: "survived", 5: "no test", 33: "no test"}


def mutmut(folder: Path, *arguments: str) -> str:
    """What a command of mutmut prints."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    process = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return process.stdout


def outcomes(folder: Path) -> dict[str, dict[str, str]]:
    """File to mutant to what has become of it."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("mutants/src/**/*.py.meta")):
        codes = json.loads(path.read_text("utf-8"))["exit_code_by_key"]
        run = {
            name: KILLED.get(code, "time-out") for name, code in codes.items() if code is not None
        }
        if run:
            source = path.relative_to(folder / "mutants" / "src" / "chatfmt")
            found[source.as_posix().removesuffix(".meta")] = run
    return found


def main(patterns: list[str]) -> None:
    """Copy, change, count."""
    with tempfile.TemporaryDirectory(prefix="chatfmt-mutate-") as name:
        folder = Path(name)
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        command = [sys.executable, "-m", "mutmut", "run", *patterns]
        subprocess.run(command, cwd=folder, check=True)  # noqa: S603
        found = outcomes(folder)
        for mutants in found.values():
            for mutant, outcome in mutants.items():
                if outcome != "killed":
                    sys.stdout.write(f"\n{outcome}: {mutant}\n{mutmut(folder, 'show', mutant)}")
    kinds = ("killed", "survived", "time-out", "no test")
    sys.stdout.write(f"\n| file | mutants | {' | '.join(kinds)} |\n| --- |{' --- |' * 5}\n")
    for file, mutants in found.items():
        counts = Counter(mutants.values())
        figures = [len(mutants), *(counts[kind] for kind in kinds)]
        sys.stdout.write(f"| {file} | {' | '.join(map(str, figures))} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
