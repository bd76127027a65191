"""`python -m benchmarks.library --base TREE`: the library beside that of another checkout.

Each set and each work runs in two processes, one for each checkout, by turns; the figures are
processor times. Both have given the same before anything is measured. Which side encodes first,
and where its tables lie in memory, is by chance: so there are several pairs of processes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from benchmarks.against import environment
from benchmarks.sets import SETS, conversations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HERE = Path(__file__).resolve().parents[1]
_WORKS = Path(__file__).with_name("works.py")
WANTED = 0.95


class Row(NamedTuple):
    """A work on a set: which part of the base's speed this checkout has."""

    work: str
    on: str
    minima: float
    medians: float


class Worker:
    """A process that has the chatfmt of a checkout and does what it is asked."""

    def __init__(self, tree: Path, sets: Path, compiled: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(_WORKS), str(sets)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(tree, compiled),
        )
        where, self.digests = json.loads(self._answer())
        if not Path(where).is_relative_to(tree):
            self.end()
            raise RuntimeError(f"expected the chatfmt of {tree}, found {where}")

    def _answer(self) -> str:
        if line := cast("IO[str]", self._process.stdout).readline():
            return line
        raise RuntimeError(f"a process of its own has failed with {self._process.wait()}")

    def seconds(self, work: str, on: str) -> float:
        """The processor time that it takes."""
        questions = cast("IO[str]", self._process.stdin)
        questions.write(json.dumps([work, on]) + "\n")
        questions.flush()
        return float(self._answer())

    def end(self) -> None:
        """Let the process end."""
        self._process.communicate()


@contextmanager
def _workers(trees: Sequence[Path], sets: Path, *, backwards: bool) -> Iterator[list[Worker]]:
    """One for each checkout, begun in this order or backwards."""
    with ExitStack() as begun:
        workers: dict[Path, Worker] = {}
        for tree in sorted(trees, key=trees.index, reverse=backwards):
            workers[tree] = Worker(tree, sets, sets.parent / "pyc")
            begun.callback(workers[tree].end)
        yield [workers[tree] for tree in trees]


def compare(base: Path, characters: int, rounds: int, processes: int) -> Iterator[Row]:
    """A row for each work and set.

    Raises:
        RuntimeError: the two do not give the same.
    """
    trees = [base.resolve(), _HERE]
    times: dict[tuple[str, str], list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        sets = Path(name) / "sets.json"
        chosen = {on: conversations(on, characters) for on in SETS}
        dumped = {on: [c.model_dump() for c in chats] for on, chats in chosen.items() if chats}
        sets.write_text(json.dumps(dumped), encoding="utf-8")
        for number in range(processes):
            with _workers(trees, sets, backwards=bool(number % 2)) as (first, second):
                if other := [k for k, v in first.digests.items() if second.digests[k] != v]:
                    raise RuntimeError(f"expected the same of both checkouts, not so: {other}")
                for key in first.digests:
                    work, on = key.rsplit(" ", 1)
                    both = times.setdefault((work, on), [[], []])
                    for _ in range(rounds):
                        for worker, found in zip((first, second), both, strict=True):
                            found.append(worker.seconds(work, on))
    for (work, on), (theirs, ours) in times.items():
        medians = statistics.median(theirs) / statistics.median(ours)
        yield Row(work, on, min(theirs) / min(ours), medians)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", metavar="TREE", type=Path, required=True, help="a checkout")
    parser.add_argument("--characters", metavar="N", type=int, default=130_000)
    parser.add_argument("--rounds", metavar="N", type=int, default=15)
    parser.add_argument("--processes", metavar="N", type=int, default=4)
    args = parser.parse_args()
    print("part of the base's speed, in minima and in medians:")
    short = 0
    for row in compare(args.base, args.characters, args.rounds, args.processes):
        short += (low := row.minima < WANTED and row.medians < WANTED)
        mark = f"  less than {WANTED}" * low
        print(f"{row.work:20} {row.on:6} {row.minima:6.3f} {row.medians:6.3f}{mark}", flush=True)
    print(f"{short} of them below {WANTED}. The machine's load is {os.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
