"""Ids as unsigned 32-bit integers behind one another, to search them at the speed of memchr."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SIZE", "find", "pack"]

SIZE = array("I").itemsize
"""Bytes of one id."""


def pack(ids: Iterable[int]) -> bytes:
    """The ids, packed.

    Raises:
        OverflowError, TypeError: one of them is no unsigned 32-bit integer.
    """
    return array("I", ids).tobytes()


def find(packed: bytes, item: bytes, start: int) -> int:
    """Index of the first such item from index ``start`` on, or -1.

    >>> find(pack([7, 8, 7]), pack([7]), 1)
    2
    """
    at = packed.find(item, start * SIZE)
    while at >= 0 and at % SIZE:  # bytes of two neighbours may look like it
        at = packed.find(item, at + 1)
    return at // SIZE if at >= 0 else -1
