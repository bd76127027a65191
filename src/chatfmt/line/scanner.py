"""The interface of scanners, which read values whose continuation depends on earlier characters."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, TypeVar

__all__ = ["Scanner", "scan"]

S = TypeVar("S", bound=Hashable)


class Scanner(Protocol[S]):
    """A scanner of values. Any text that `step` accepts can be completed."""

    @property
    def first(self) -> str:
        """The characters with which a value may begin."""

    @property
    def last(self) -> str:
        """The characters with which a complete value may end."""

    @property
    def more(self) -> str:
        """The characters with which a complete value can continue, as in a number."""

    @property
    def most(self) -> int:
        """The largest number of open brackets."""

    def start(self) -> S:
        """The state before the first character."""

    def step(self, state: S, char: str) -> S | None:
        """The state after one more character; None if no value continues like this."""

    def complete(self, state: S) -> bool:
        """Whether the value may end here."""

    def part(self, state: S) -> str:
        """The part to which the character that led to this state belongs."""


def scan(scanner: Scanner[S], text: str) -> tuple[int, bool]:
    """How many characters of ``text`` may begin a value, and whether they are a complete one.

    >>> from chatfmt.line.scanners import JsonObject
    >>> scan(JsonObject(), '{"a": 1}')
    (8, True)
    >>> scan(JsonObject(), '{"a": 1} and so on')
    (8, True)
    >>> scan(JsonObject(), '{"a": NaN}')
    (6, False)
    """
    state = scanner.start()
    for offset, char in enumerate(text):
        after = scanner.step(state, char)
        if after is None:
            return offset, scanner.complete(state)
        state = after
    return len(text), scanner.complete(state)
