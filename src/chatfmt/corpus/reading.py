"""The input of a run as batches, with the share of it that is done."""

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
    """The input as batches, with the share of it that is done.

    Args:
        mixture: the rows.
        inputs: the files that contain them.
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
        """The share of the input that is done, from 0 to 1; a guess for compressed files."""

    @property
    def notes(self) -> dict[str, InputNote]:
        """The notes about the files."""
        return dict(self._inputs.notes)

    def check(self) -> None:
        """Check that the files have not changed.

        Raises:
            InputChangedError: one of them has.
        """
        self._inputs.check()

    def taken(self) -> None:
        """Count the oldest batch under way as done."""
        self.part = self._under_way.popleft() / self._total

    def batches(self, done: int) -> Iterator[RecordBatch]:
        """All batches after the first ``done``.

        Raises:
            InputChangedError: a file has changed since the run began.
        """
        read = 0
        for number, batch in enumerate(raw_batches(self._mixture, self._inputs)):
            for name, size in _sizes(batch).items():
                # A compressed file has more content than its size.
                counted = min(size, self._sizes[name])
                self._sizes[name] -= counted
                read += counted
            if number >= done:
                self._under_way.append(read)
                yield batch


def _sizes(batch: RecordBatch) -> Counter[str]:
    """The size in bytes of the rows of each file, line ends included."""
    files = batch["file"]
    sizes = pc.add(pc.binary_length(batch["text"]).fill_null(0), 1)
    names = files.unique().to_pylist()
    return Counter(
        {
            name: pc.sum(sizes.filter(pc.equal(files, name)) if len(names) > 1 else sizes).as_py()
            for name in names
        }
    )
