"""Two ways to do one thing, timed by turns; and how many processors there are to be had."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pair", "alternate", "alternate_fresh", "fresh", "two_processes"]


class Pair(NamedTuple):
    """Times, or other costs, of two things; both lists have the same length."""

    ours: list[float]
    theirs: list[float]


def alternate(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    seconds: float,
    collect: bool = False,
    clock: Callable[[], float] = time.process_time,
) -> Pair:
    """Seconds that each takes: A, B, A, B, ... for about so many seconds, after one round unseen.

    Whatever else goes on in the machine meets both alike, and processor time does not count what
    other processes take; for threads it is of no use. ``collect`` leaves garbage collection on.
    """
    ours()
    theirs()
    pair = Pair([], [])
    gc.collect()
    if not collect:
        gc.disable()
    try:
        begun = time.perf_counter()
        # At least three rounds, and no more than the figures can use.
        for done in count(1):
            for run, times in zip((ours, theirs), pair, strict=True):
                start = clock()
                run()
                times.append(clock() - start)
            if done == 100 or (done >= 3 and time.perf_counter() - begun > seconds):
                return pair
    finally:
        gc.enable()
    raise AssertionError


def fresh(code: str, **environment: str) -> float:
    """The number that a Python process of its own prints; it finds what this one finds."""
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"a process of its own has failed:\n{code}\n{process.stderr}")
    return float(process.stdout)


def alternate_fresh(ours: str, theirs: str, *, rounds: int, **environment: str) -> Pair:
    """What processes of their own print, by turns; the first round warms the disk's cache."""
    pair = Pair([], [])
    for _ in range(rounds + 1):
        for code, figures in zip((ours, theirs), pair, strict=True):
            figures.append(fresh(code, **environment))
    return Pair(pair.ours[1:], pair.theirs[1:])


_WORK = "import time; t = time.perf_counter(); sum(range(20_000_000)); print(time.perf_counter()-t)"


def two_processes() -> float:
    """How much two processes get done in the time of one: 2.0 where each has its own processor."""
    alone = fresh(_WORK)
    both = [
        subprocess.Popen([sys.executable, "-c", _WORK], stdout=subprocess.PIPE) for _ in range(2)
    ]
    return 2 * alone / max(float(process.communicate()[0]) for process in both)
