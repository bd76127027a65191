"""Byte-pair merging over characters, as SentencePiece does it.

A text begins as its characters. As long as two neighbours are together a piece of the vocabulary,
those with the highest priority become one; of equals the leftmost. A heap finds them, so that a
text of n characters takes n log n steps, however it looks.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Priority", "merge"]

Priority: TypeAlias = "Callable[[tuple[str, str]], float | None]"
"""Of a pair of neighbours: the lower, the sooner they become one; None where they never do."""


def merge(text: str, priority: Priority) -> list[str]:
    """The pieces that a text comes to.

    >>> merge("banana", {("a", "n"): 0, ("b", "an"): 1}.get)
    ['ban', 'an', 'a']
    """
    pieces: list[str] = [*text]
    count = len(pieces)
    following = [*range(1, count + 1)]
    before = [*range(-1, count - 1)]
    heap: list[tuple[float, int, str, str]] = []

    def offer(left: int, right: int) -> None:
        pair = pieces[left], pieces[right]
        rank = priority(pair)
        if rank is not None:
            heapq.heappush(heap, (rank, left, *pair))

    for left in range(count - 1):
        offer(left, left + 1)
    while heap:
        _, left, one, other = heapq.heappop(heap)
        right = following[left]
        # what has become part of another piece since is empty, or longer than it was
        if right == count or pieces[left] != one or pieces[right] != other:
            continue
        pieces[left], pieces[right] = one + other, ""
        after = following[left] = following[right]
        if after < count:
            before[after] = left
            offer(left, after)
        if before[left] >= 0:
            offer(before[left], left)
    return [piece for piece in pieces if piece]
