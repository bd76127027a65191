"""`python -m benchmarks.parent`: what the process that reads and writes spends on a row.

That bounds how many workers are of use. Its two workers have done their work before: they return at
once what they were to make, through the same pipes, in the same order. Beside it stands what
`encode_records` spends on a row.
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
from unittest.mock import patch

import chatfmt
from benchmarks.beside import write_rows
from benchmarks.table import Row, Target, terminal
from benchmarks.timing import Pair
from chatfmt.adapters import Mixture
from chatfmt.corpus import EncodeOptions, FileOptions, encode_records, run, tokenize
from chatfmt.corpus.inputs import Inputs
from chatfmt.corpus.pieces import Outcome, Work
from chatfmt.corpus.plan import suited
from chatfmt.corpus.sources import raw_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["measured"]

_ROWS = 20_000


class _Replay(NamedTuple):
    """Work that was done before; it takes the arguments of `Work`, and the folder of outcomes."""

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


def measured(rows: int = _ROWS, rounds: int = 3) -> Iterator[Row]:
    """The processor time of that process and of the encoding, by turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder / "rows.jsonl", rows)
        mixture = Mixture.model_validate(
            {"source": [{"name": "rows", "paths": ["rows.jsonl"]}], "folder": folder}
        )
        tokenizer = chatfmt.get_tokenizer("gpt-4o")
        options = EncodeOptions(tokenizer=tokenizer, sources=mixture.sources)
        work = Work(suited(options), FileOptions())
        batches = list(raw_batches(mixture, Inputs(mixture)))
        for batch in batches:
            (folder / _name(batch)).write_bytes(pickle.dumps(work(batch)))

        def parent() -> None:
            with patch.object(run, "Work", partial(_Replay, folder)):
                tokenize(mixture, folder / "out", options, workers=2, overwrite=True)

        def encode() -> None:
            for batch in batches:
                encode_records(batch, work.options)

        parent()
        pair = Pair([], [])
        for _ in range(rounds):
            pair.ours.append(_spent(parent))
            pair.theirs.append(_spent(encode))
    yield Row.of(
        "tokenize, reading and writing alone",
        "",
        f"encode_records over {getattr(tokenizer.encoding, 'encoder', 'another encoder')}",
        "µs a row",
        pair,
        per=rows,
        target=Target("ratio", "≥", 10),
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", metavar="N", type=int, default=_ROWS)
    parser.add_argument("--rounds", metavar="N", type=int, default=3)
    args = parser.parse_args()
    print(terminal(), flush=True)
    print(terminal(list(measured(args.rows, args.rounds))))
    print(f"The machine's load is {os.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
