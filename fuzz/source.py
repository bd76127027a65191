"""Bytes as a source of decisions: every input decides something, and the same one the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")


class Source:
    """Decisions, read from bytes from left to right; zeros once the bytes are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        """The next bytes, as many as there are."""
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def number(self, size: int = 1) -> int:
        """An integer of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def flag(self) -> bool:
        """Yes or no."""
        return bool(self.number() & 1)

    def pick(self, choices: Sequence[T]) -> T:
        """One of these, of at most 256."""
        return choices[self.number() % len(choices)]

    def text(self) -> str:
        """A short text of any characters."""
        data = self.take(self.number() % 24)
        return data.decode("utf-8", "replace")

    def damaged(self, ids: list[int], odd: Sequence[int]) -> list[int]:
        """The ids with some left out, put in, or said twice: none to five times."""
        for _ in range(self.number() % 6):
            at = self.number() % (len(ids) + 1)
            put = self.pick((None, self.pick(odd), self.number(3), *ids[:200]))
            behind = ids[at + self.number() % 2 :]
            ids = [*ids[:at], *([] if put is None else [put]), *behind]
        return ids

    def steps(self, most: int) -> Iterator[int]:
        """Count up as long as there are bytes, at most so far."""
        for step in range(most):
            if not self:
                return
            yield step
