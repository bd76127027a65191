"""Where a reader may stand, and what one token does there.

A `State` has one *thread* for each reading that is still possible, nearly always one, and the bytes
of a character that is not complete. What a token does from a state is a `Step`: the state that
follows, and the *runs* of characters that it brings, each with the place to which it belongs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chatfmt.wire.read.walk import Run, Thread

__all__ = ["ARGUMENTS", "State", "Step"]

ARGUMENTS = "arguments"
"""Stands for the arguments of the call at hand, which is an object, among the names of fields."""


class Step(NamedTuple):
    """What a token does in a state."""

    state: State
    branches: tuple[tuple[int, tuple[Run, ...]], ...]
    """For each thread of the new state: the thread before, and what it has read since."""
    shared: tuple[Run, ...]
    """What all of them have read first."""
    left: tuple[tuple[Run, ...], ...]
    """What each has read after that; empty where none has."""
    invalid: tuple[int, ...]
    """For each part that is invalid UTF-8, where it begins."""
    begins: bool
    """Whether the character that is pending now begins in this token."""
    length: int
    """How many characters of a header were read, in the reading that has the most."""


class Stays(dict[int, str]):
    """Token to its text, where that leads back to a state; an empty one where it is not known."""

    def __missing__(self, _: int) -> str:
        return ""


class State:
    """Where a reader may stand. Equal states are the same object."""

    __slots__ = (
        "completes",
        "field",
        "free",
        "pending",
        "split",
        "stays",
        "stays_in",
        "steps",
        "threads",
    )

    def __init__(
        self, threads: tuple[Thread, ...], pending: bytes, *, split: bool, free: bool
    ) -> None:
        self.threads = threads
        self.pending = pending
        """The bytes of a character that is not complete."""
        self.split = split
        """Whether that character begins within its token."""
        self.free = free
        """Whether text that goes on for any length is expected in some thread."""
        self.field: str | None = None
        """The field to which any text belongs that comes now, where that is certain."""
        self.completes = False
        """Whether a message of an envelope is complete, and the envelope still open."""
        self.steps: dict[int, Step | None] = {}
        """Token to its step; None where no reading goes on."""
        self.stays = Stays()
        """Token to its text, where all that it does is to go on in one field of free text, or in
        the arguments of a call that is an object."""
        self.stays_in: str | None = None
        """That field, or `ARGUMENTS`."""

    def forget(self) -> None:
        """Drop what is remembered of tokens; whoever is here goes on all the same."""
        self.steps, self.stays = {}, Stays()
