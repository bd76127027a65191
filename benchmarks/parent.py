"""`python -m benchmarks.parent`: what the process that reads and writes spends on a row.

That bounds how many workers are of use. Its workers are processes that have done their work before:
they return at once what they were to make, through the same pipes, in the same order. Beside it
stands what `encode_records` spends on a row, and a worker in all.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import chatfmt
from benchmarks.beside import write_rows
from chatfmt.adapters import Mixture
from chatfmt.corpus import EncodeOptions, FileOptions, encode_records, run, tokenize
from chatfmt.corpus.inputs import Inputs
from chatfmt.corpus.pieces import Outcome, Work
from chatfmt.corpus.plan import suited
from chatfmt.corpus.sources import raw_batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["main"]


class Replay(NamedTuple):
    """Work that was done before; it takes the arguments of `Work` and a folder of outcomes."""

    folder: Path
    options: EncodeOptions
    files: FileOptions

    def __call__(self, batch: RecordBatch) -> Outcome:
        """What was made of these rows then."""
        found: Outcome = pickle.loads(  # noqa: S301 - this process has written it
            (self.folder / _name(batch)).read_bytes()
        )
        return found


def _name(batch: RecordBatch) -> str:
    return hashlib.sha256(batch["text"][0].as_py()).hexdigest()


def _spent(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", metavar="N", type=int, default=20_000)
    parser.add_argument("--rounds", metavar="N", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder / "rows.jsonl", args.rows)
        mixture = Mixture.model_validate(
            {"source": [{"name": "rows", "paths": ["rows.jsonl"]}], "folder": folder}
        )
        tokenizer = chatfmt.get_tokenizer("gpt-4o")
        options = EncodeOptions(tokenizer=tokenizer, sources=mixture.sources)
        work = Work(suited(options), FileOptions())
        batches = list(raw_batches(mixture, Inputs(mixture)))
        for batch in batches:
            (folder / _name(batch)).write_bytes(pickle.dumps(work(batch)))
        spent: dict[str, list[float]] = {"encode": [], "work": [], "parent": []}
        run.Work = partial(Replay, folder)  # type: ignore[misc,assignment]
        for _ in range(args.rounds):
            for batch in batches[:2]:
                work(batch)
            spent["encode"].append(
                _spent(lambda: [encode_records(batch, work.options) for batch in batches])
            )
            spent["work"].append(_spent(lambda: [work(batch) for batch in batches]))
            spent["parent"].append(
                _spent(
                    lambda: tokenize(mixture, folder / "out", options, workers=2, overwrite=True)
                )
            )
    encode, worker, parent = (min(times) / args.rows for times in spent.values())
    print(
        f"encoder {getattr(tokenizer.encoding, 'encoder', 'of its own')}: encode_records "
        f"{encode * 1e6:.1f}, a worker {worker * 1e6:.1f}, the parent {parent * 1e6:.1f} µs a row: "
        f"{parent / encode:.3f} of the encoding's, {parent / worker:.3f} of a worker's; enough for "
        f"{1 / parent:,.0f} rows/s, and {worker / parent:.0f} workers"
    )
    print(f"The machine's load is {os.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
