"""Ids as unsigned 32-bit integers in sequence, to search them at the speed of memchr."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SIZE", "pack", "searchable"]

SIZE = array("I").itemsize
"""The size of one id in bytes."""

_CODEC = f"utf-{8 * SIZE}-{'le' if sys.byteorder == 'little' else 'be'}"


def pack(ids: Iterable[int]) -> bytes:
    """The ids, packed.

    Raises:
        OverflowError, TypeError: one of them is not an unsigned 32-bit integer.
    """
    return array("I", ids).tobytes()


def searchable(ids: Iterable[int]) -> str:
    r"""A text with a character for each id, because searching text is faster than numbers.

    >>> searchable([7, 300, 7]).find(searchable([300]))
    1

    Raises:
        OverflowError, TypeError: one of them is not an unsigned 32-bit integer.
        UnicodeDecodeError: one of them is higher than any character; a ValueError.
    """
    return str(array("I", ids), _CODEC, "surrogatepass")
