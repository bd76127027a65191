"""Byte-pair merging over characters, as in SentencePiece.

A text begins as its characters. As long as two neighbours together are a piece of the vocabulary,
those with the highest priority become one; among equals, the leftmost. A heap finds them, so a text
of n characters takes n log n steps, whatever it is.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Priority", "merge"]

Priority: TypeAlias = "Callable[[tuple[str, str]], float | None]"
"""For a pair of neighbours: lower values are merged sooner, and None never."""


def merge(text: str, priority: Priority) -> list[str]:
    """The pieces that a text is merged into.

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
        # a part that has become part of another piece is empty, or longer than before
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
