"""`python -m benchmarks.corpus`: what a corpus costs, and docs/scale.md with the figures.

`python -m benchmarks.corpus 20000` is a try with so many rows: it writes nothing. The whole takes
about half an hour, and nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import platform
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import chatfmt
from chatfmt.adapters import Mixture
from chatfmt.corpus import EncodeOptions, batches, encode_records, raw_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ROOT = Path(__file__).resolve().parents[1]
_PAGE = _ROOT / "docs" / "scale.md"
_MARKS = re.compile(r"(<!-- measured -->\n).*(<!-- /measured -->)", re.DOTALL)

ROWS = 200_000
TOKENS = 400
TARGET = 0.7  # of what so many processes would do that had nothing else to do
MEMORY = 500  # megabytes

_WORDS = (
    "the of and to in is you that it he was for on are as with his they at be this have from or "
    "one had by word but not what all were we when your can said there use an each which she do "
    "how their if will up other about out many then them these so some her would make like him "
    "into time has look two more write go see number no way could people my than first water been "
    "call who oil its now find long down day did get come made may part over new sound take only "
    "little work know place year live me back give most very after thing our just name good "
    "sentence man think say great where help through much before line right too mean old any same "
    "tell boy follow came want show also around form three small set put end does another well"
)


def write_rows(path: Path, rows: int, tokens: int = TOKENS) -> Path:
    """Conversations of two turns, of about so many tokens each: common words, names and numbers."""
    chance = random.Random(1)
    words = [*_WORDS.split(), *(str(chance.randrange(10_000)) for _ in range(20))]
    words += ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(20)]
    # Four messages of which each has four tokens of its own; these words have 1.5 on average.
    each = (tokens / 4 - 4) / 1.5

    def text() -> str:
        chosen = chance.choices(words, k=round(each * chance.uniform(0.5, 1.5)))
        return " ".join(chosen).capitalize() + "."

    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            turns = [{"role": role, "content": text()} for role in ("user", "assistant") * 2]
            file.write(json.dumps({"id": number, "messages": turns}) + "\n")
    return path


# ---- what is measured


class Figure(NamedTuple):
    """What a run took, or one process that only encodes."""

    name: str
    rows: int
    tokens: int
    seconds: float
    processor: float
    """Seconds of processor time, of all processes."""
    parent: float | None = None
    """Of these, those of the process that reads and writes; None where there is none."""
    megabytes: float | None = None
    """Peak of that process."""

    @property
    def rate(self) -> float:
        """Rows in a second."""
        return self.rows / self.seconds


def encode_alone(path: Path) -> Figure:
    """One process calls `encode_records` on the same rows and drops what it gives."""
    source = {"name": "rows", "paths": [path.name]}
    mixture = Mixture.model_validate({"source": [source], "folder": path.parent})
    tokenizer = chatfmt.get_tokenizer("gpt-4o")
    options = EncodeOptions(tokenizer=tokenizer, sources=mixture.sources)
    tokenizer.encode([{"role": "user", "content": "The first text builds what is built once."}])
    rows = tokens = 0
    seconds = processor = 0.0
    for batch in batches(raw_rows(mixture)):
        clock, used = time.perf_counter(), time.process_time()
        examples, _ = encode_records(batch, options)
        seconds += time.perf_counter() - clock
        processor += time.process_time() - used
        rows += examples.num_rows
        tokens += len(examples["input_ids"].values)
    return Figure("`encode_records` alone", rows, tokens, seconds, processor)


def collect_orphans() -> None:
    """Have the processes of a run become ours when it ends, so that their times are counted."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: prctl(2), Linux alone


def _wait_for_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


# The command in a process of its own, which says at its end what it took.
_RUN = """
import resource, sys, time
from chatfmt.cli import main
code = main(sys.argv[1:])
print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
sys.exit(code)
"""


def run(
    path: Path,
    workers: int,
    engine: str = "local",
    *more: str,
    environment: dict[str, str] | None = None,
) -> Figure:
    """`chatfmt tokenize`, from the start of its process to its end."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        arguments = [str(path), "-o", str(Path(folder, "out")), "--format", "gpt-4o"]
        arguments += ["--workers", str(workers), "--engine", engine, *more]
        before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _RUN, "tokenize", *arguments],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - clock
        _wait_for_all()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary, took = done.stdout.splitlines()
    parent, megabytes = map(float, took.split())
    counts = json.loads(summary)
    if counts["rejected"] or not counts["output"]:
        raise RuntimeError(f"expected every row to be encoded, found {counts}")
    return Figure(
        f"{engine}, {workers} worker{'s' * (workers > 1)}",
        counts["rows"],
        counts["tokens"],
        seconds,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        parent,
        megabytes,
    )


# ---- the tables


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


_HEADS = ("", "rows/s", "tokens/s", "seconds", "CPU-seconds", "the parent's", "its peak")


def _line(figure: Figure, name: str = "") -> list[str]:
    return [
        name or figure.name,
        f"{figure.rate:,.0f}",
        f"{figure.tokens / figure.seconds:,.0f}",
        f"{figure.seconds:,.1f}",
        f"{figure.processor:,.1f}",
        "" if figure.parent is None else f"{figure.parent:,.1f}",
        "" if figure.megabytes is None else f"{figure.megabytes:,.0f} MB",
    ]


def _verdict(met: bool) -> str:  # noqa: FBT001 - what it says is the argument
    return "met" if met else "**not met**"


def measure(folder: Path, rows: int) -> Iterator[str]:
    """The parts of the page, each when it is known."""
    cores = len(os.sched_getaffinity(0))
    source = write_rows(folder / "rows.jsonl", rows)
    alone = encode_alone(source)
    engines = [run(source, workers, "local") for workers in sorted({1, cores})]
    local = engines[-1]
    engines += [run(source, workers, "ray") for workers in sorted({1, cores})]
    yield (
        f"{alone.rows:,} rows of {alone.tokens / alone.rows:.0f} tokens on average, "
        f"{source.stat().st_size / 2**20:,.0f} MB of JSON Lines; {cores} cores, Python "
        f"{platform.python_version()}.\n"
    )
    yield _table(_HEADS, [_line(figure) for figure in (alone, *engines)])
    yield (
        "CPU-seconds are those of all processes whose end was seen. With Ray, a worker's may be "
        "missing; the figure is then too low.\n"
    )
    ratio = local.rate / (cores * alone.rate)
    yield (
        f"{local.name}: {ratio:.2f} of {cores} processes that do nothing but encode "
        f"(target {TARGET}: {_verdict(ratio >= TARGET)}). The parent's own time is enough for "
        f"{local.rows / (local.parent or 1):,.0f} rows/s, or about "
        f"{alone.processor / (local.parent or 1):.0f} workers.\n"
    )

    growth = [run(write_rows(source, count), cores) for count in (rows // 4, rows, 2 * rows)]
    yield "With more rows:\n"
    yield _table(("rows", *_HEADS[1:]), [_line(figure, f"{figure.rows:,}") for figure in growth])
    peaks = [figure.megabytes or 0.0 for figure in growth]
    flat = peaks[2] <= 1.1 * peaks[1]
    yield (
        f"The parent's peak: {peaks[1]:,.0f} MB, and {peaks[2]:,.0f} MB for twice the rows "
        f"(targets: below {MEMORY} MB, {_verdict(max(peaks) < MEMORY)}; no higher for twice the "
        f"rows, {_verdict(flat)}).\n"
    )

    yield "With longer rows, and about as many tokens in all:\n"
    lengths = [
        run(write_rows(source, rows * TOKENS // (4 * tokens), tokens), cores)
        for tokens in (100, 400, 1600, 6400, 25_600)
    ]
    yield _table(
        ("tokens in a row", *_HEADS[1:]),
        [_line(figure, f"{figure.tokens / figure.rows:,.0f}") for figure in lengths],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    rows = parser.parse_args().rows
    collect_orphans()
    load = os.getloadavg()[0]
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        for part in measure(Path(folder), rows):
            print(part, flush=True)
            parts.append(part)
    parts.append(f"The machine's load was {load:.2f} before.\n")
    print(parts[-1])
    if rows == ROWS:
        text = _MARKS.sub(lambda marks: marks[1] + "\n".join(parts) + marks[2], _PAGE.read_text())
        _PAGE.write_text(text, encoding="utf-8")
        print(f"written: {_PAGE.relative_to(_ROOT)}")


if __name__ == "__main__":
    main()
