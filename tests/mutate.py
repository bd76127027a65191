"""Change the core in many places, one at a time, in a copy of the tree: does a test fail?

    python tests/mutate.py                              the files of `only_mutate` in pyproject.toml
    python tests/mutate.py 'chatfmt.training.weights*'    those whose module fits
    python tests/mutate.py --sample 200 --seed 1         so many changes, drawn from line/ and wire/

Prints what has survived, as a diff, and the figures. A sample is drawn by `mutants` in this folder
and not by mutmut, which runs all tests before it begins.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import mutants

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    *("src", "tests", "fuzz", "benchmarks", "conformance", "docs", "examples"),
    *("README.md", "pyproject.toml"),
)
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


def copied(folder: Path) -> None:
    """Copy what the tests need."""
    for part in COPIED:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)


def try_all(patterns: list[str], folder: Path) -> None:
    """Every change, by mutmut."""
    command = [sys.executable, "-m", "mutmut", "run", *patterns]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603
    found = outcomes(folder)
    for survivors in found.values():
        for mutant, outcome in survivors.items():
            if outcome != "killed":
                sys.stdout.write(f"\n{outcome}: {mutant}\n{mutmut(folder, 'show', mutant)}")
    kinds = ("killed", "survived", "time-out", "no test")
    sys.stdout.write(f"\n| file | mutants | {' | '.join(kinds)} |\n| --- |{' --- |' * 5}\n")
    for file, mutants_of_file in found.items():
        counts = Counter(mutants_of_file.values())
        figures = [len(mutants_of_file), *(counts[kind] for kind in kinds)]
        sys.stdout.write(f"| {file} | {' | '.join(map(str, figures))} |\n")


def try_some(sample: list[mutants.Mutant], folder: Path, seconds: float) -> None:
    """A sample, one after the other; each outcome is printed as it comes."""
    if not mutants.pass_unchanged(sample, folder):
        sys.exit("the tests fail before anything is changed")
    counts: Counter[str] = Counter()
    for mutant in sample:
        outcome = mutants.outcome(mutant, folder, seconds)
        counts[outcome] += 1
        change = "" if outcome == "killed" else f"\n{mutant.change}"
        sys.stdout.write(f"{outcome}: {mutant.path}:{mutant.line}{change}\n")
        sys.stdout.flush()
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    sys.stdout.write(f"{len(sample)} mutants: {told}\n")


def main(argv: list[str]) -> None:
    """Copy, change, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patterns", nargs="*", help="of modules")
    parser.add_argument("--sample", type=int, help="how many changes to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the sample; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=300, help="the most for tests of a change")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="chatfmt-mutate-") as name:
        folder = Path(name)
        copied(folder)
        if args.sample is None:
            try_all(args.patterns, folder)
        else:
            try_some(mutants.sample(folder, args.sample, args.seed), folder, args.seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
