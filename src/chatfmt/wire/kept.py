"""Caches, and their limits."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Kept"]

_MOST_ITEMS = 4096
_MOST = 1 << 18  # ids and characters: some ten megabytes
_MOST_OF_ONE = 1 << 12

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """A table that forgets everything when it is full, by the number or the length of its items.

    ``known`` is a plain dictionary, which is the fastest to look into. An item as long as a text is
    not kept at all. Several threads may use the table at once.
    """

    def __init__(self) -> None:
        self.known: dict[K, V] = {}
        self._size = 0

    def keep(self, key: K, value: V, size: int) -> None:
        """Remember an item with this many ids and characters."""
        if size > _MOST_OF_ONE:
            return
        if len(self.known) >= _MOST_ITEMS or self._size + size > _MOST:
            self.known.clear()
            self._size = 0
        self.known[key] = value
        self._size += size
