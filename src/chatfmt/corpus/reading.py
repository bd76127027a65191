"""The input of a run as batches, and how much of it they are."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from chatfmt.corpus.arrow import pc
from chatfmt.corpus.sources import raw_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.adapters import Mixture
    from chatfmt.corpus.arrow import RecordBatch
    from chatfmt.corpus.inputs import InputNote, Inputs

__all__ = ["Reading"]


class Reading:
    """The input as batches, and how much of it they are.

    Args:
        mixture: the rows.
        inputs: the files they are in.
    """

    def __init__(self, mixture: Mixture, inputs: Inputs) -> None:
        self._mixture, self._inputs = mixture, inputs
        self._sizes = Counter[str]()
        for source in mixture.sources:
            for name in source.files(mixture.folder):
                self._sizes[name] += inputs.notes[name].size * source.repeat
        self._total = max(1, sum(self._sizes.values()))
        self._under_way: deque[int] = deque()
        self.part = 0.0
        """How much of the input is done, from 0 to 1; a guess for files that are compressed."""

    @property
    def notes(self) -> dict[str, InputNote]:
        """What there is to note of the files."""
        return dict(self._inputs.notes)

    def check(self) -> None:
        """Look whether the files are what they were.

        Raises:
            InputChangedError: one of them is not.
        """
        self._inputs.check()

    def taken(self) -> None:
        """Count the oldest batch under way as done."""
        self.part = self._under_way.popleft() / self._total

    def batches(self, done: int) -> Iterator[RecordBatch]:
        """All batches after so many.

        Raises:
            InputChangedError: a file is not what it was when the run began.
        """
        read = 0
        for number, batch in enumerate(raw_batches(self._mixture, self._inputs)):
            for name, size in _sizes(batch).items():
                # What a compressed file holds is more than its size.
                counted = min(size, self._sizes[name])
                self._sizes[name] -= counted
                read += counted
            if number >= done:
                self._under_way.append(read)
                yield batch


def _sizes(batch: RecordBatch) -> Counter[str]:
    """Bytes of rows, line ends included, by file."""
    files = batch["file"]
    sizes = pc.add(pc.binary_length(batch["text"]).fill_null(0), 1)
    names = files.unique().to_pylist()
    return Counter(
        {
            name: pc.sum(sizes.filter(pc.equal(files, name)) if len(names) > 1 else sizes).as_py()
            for name in names
        }
    )
