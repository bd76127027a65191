"""The states of a reader, and the effect of one token in a state.

A `State` has one *thread* for each reading that is still possible, nearly always one, and the bytes
of an incomplete character. The effect of a token in a state is a `Step`: the next state, and the
*runs* of characters that the token brings, each with the place to which it belongs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chatfmt.wire.read.walk import Run, Thread

__all__ = ["ARGUMENTS", "State", "Step"]

ARGUMENTS = "arguments"
"""Used among names of fields for the arguments of the current call, which is an object."""


class Step(NamedTuple):
    """The effect of a token in a state."""

    state: State
    branches: tuple[tuple[int, tuple[Run, ...]], ...]
    """For each thread of the new state: the thread before, and what it has read since."""
    shared: tuple[Run, ...]
    """The text that all of them have read first."""
    left: tuple[tuple[Run, ...], ...]
    """The text that each has read after that; empty if none has."""
    invalid: tuple[int, ...]
    """The offset of each part that is invalid UTF-8."""
    begins: bool
    """Whether the pending character begins in this token."""
    length: int
    """How many characters of a header were read, in the reading that has the most."""


class Stays(dict[int, str]):
    """Token to its text, if that leads back to a state; empty if it is not known."""

    def __missing__(self, _: int) -> str:
        return ""


class State:
    """A state of a reader. Equal states are the same object."""

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
        """The bytes of an incomplete character."""
        self.split = split
        """Whether that character begins within its token."""
        self.free = free
        """Whether some thread expects text of any length."""
        self.field: str | None = None
        """The field to which any next text belongs, if that is certain."""
        self.completes = False
        """Whether a message of an envelope is complete, and the envelope still open."""
        self.steps: dict[int, Step | None] = {}
        """Token to its step; None if no reading continues."""
        self.stays = Stays()
        """Token to its text, if its only effect is to continue a field of free text, or the
        arguments of a call that is an object."""
        self.stays_in: str | None = None
        """That field, or `ARGUMENTS`."""

    def forget(self) -> None:
        """Drop everything remembered about tokens; readers in this state can continue."""
        self.steps, self.stays = {}, Stays()
