"""Where the last ids began, in case a border is among them.

For example, with ordinary text between two results, it is known only when that text is complete
that the second has begun, with the first letter of the text.
"""

from __future__ import annotations

from collections import deque
from itertools import accumulate
from typing import TYPE_CHECKING

from chatfmt.wire.read.characters import PENDING
from chatfmt.wire.read.twin import twin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.wire.read.walk import Run

__all__ = ["Trail"]


class Trail:
    """The last ids of text.

    Args:
        table: id to bytes.
        most: how many bytes back a border can be.
    """

    def __init__(self, table: Mapping[int, bytes], most: int) -> None:
        self._table = table
        self._sizes: deque[tuple[int, int]] = deque(maxlen=most)

    def copy(self) -> Trail:
        """An independent copy with the same ids."""
        other = twin(self)
        other._sizes = self._sizes.copy()
        return other

    def take(self, token: int, position: int) -> None:
        """Take an id at this position."""
        try:
            self._sizes.append((position, len(self._table[token])))
        except KeyError:
            self._sizes.clear()

    def placed(self, runs: Sequence[Run], pending_at: int) -> list[tuple[Run, int]]:
        """The runs of an id, each with the position where the pending character before it began."""
        return [
            (run._replace(where=PENDING, before=0), self._border(run.before, pending_at))
            if run.before
            else (run, pending_at)
            for run in runs
        ]

    def _border(self, before: int, default: int) -> int:
        """The position of the id that begins this many bytes before, or of the first after them."""
        last = [*reversed(self._sizes)]
        totals = accumulate(size for _, size in last)
        found = ((at, total) for (at, _), total in zip(last, totals, strict=True))
        position, total = next((one for one in found if one[1] >= before), (default, before))
        return position + (total > before)
