"""`python -m benchmarks.against --base TREE`: `chatfmt tokenize` beside that of another checkout.

Both run in this Python with the packages that it has, by turns, in processes of their own. What
counts is the processor time of all processes of a run, start-up included. Both have written the
same ids and labels before anything is measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpus import collect_orphans, run, write_rows
from chatfmt.corpus.arrow import pa, pq

if TYPE_CHECKING:
    from chatfmt.corpus.arrow import Table

_HERE = Path(__file__).resolve().parents[1]

# As `python -m chatfmt.cli`, but for a check of whose it is.
_TOKENIZE = """
import sys
from pathlib import Path
import chatfmt
from chatfmt.cli import main
if not Path(chatfmt.__file__).is_relative_to(sys.argv.pop(1)):
    raise SystemExit(f"expected the chatfmt of the tree, found {chatfmt.__file__}")
sys.exit(main(sys.argv[1:]))
"""


def environment(tree: Path, compiled: Path) -> dict[str, str]:
    """Variables for Python to take the chatfmt of a tree.

    Modules are compiled once, as they are where chatfmt is installed; nothing is written to trees.
    """
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(tree / "src"), "PYTHONPYCACHEPREFIX": str(compiled)}


def written(tree: Path, rows: Path, out: Path, variables: dict[str, str]) -> Table:
    """The ids and labels that the tree writes, in order."""
    arguments = [tree, "tokenize", rows, "-o", out, "--format", "gpt-4o", "--workers", "1"]
    subprocess.run(
        [sys.executable, "-c", _TOKENIZE, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        check=True,
        env=variables,
    )
    shards = sorted(out.glob("*.parquet"))
    return pa.concat_tables(pq.read_table(path, columns=["input_ids", "labels"]) for path in shards)


def compare(base: Path, rows: int, tokens: int, workers: int, pairs: int) -> str:
    """Which part of the base's throughput this tree has, in minima and in medians.

    Raises:
        RuntimeError: the two do not write the same.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_rows(folder / "rows.jsonl", rows, tokens)
        trees = {"base": base.resolve(), "here": _HERE}
        variables = {key: environment(tree, folder / "pyc") for key, tree in trees.items()}
        first, second = (
            written(tree, source, folder / key, variables[key]) for key, tree in trees.items()
        )
        if not first.equals(second):
            raise RuntimeError("expected the same ids and labels of both trees, found others")
        seconds: dict[str, list[float]] = {key: [] for key in trees}
        for number in range(pairs):
            for key in sorted(trees, reverse=bool(number % 2)):
                figure = run(source, workers, environment=variables[key])
                seconds[key].append(figure.processor)
                print(f"{key}: {figure.processor:.2f} CPU-seconds", file=sys.stderr, flush=True)
    told = [
        f"{what.__name__} {what(seconds['base']):.2f} and {what(seconds['here']):.2f} "
        f"CPU-seconds, {what(seconds['base']) / what(seconds['here']):.3f} of its throughput"
        for what in (min, statistics.median)
    ]
    return f"{workers} worker{'s' * (workers > 1)}, base and here: {'; '.join(told)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", metavar="TREE", type=Path, required=True, help="a checkout")
    parser.add_argument("--rows", metavar="N", type=int, default=20_000)
    parser.add_argument("--tokens", metavar="N", type=int, default=450, help="of a row, about")
    parser.add_argument("--workers", metavar="N", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pairs", metavar="N", type=int, default=5)
    args = parser.parse_args()
    collect_orphans()
    for workers in args.workers:
        print(compare(args.base, args.rows, args.tokens, workers, args.pairs), flush=True)
    print(f"The machine's load is {os.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
