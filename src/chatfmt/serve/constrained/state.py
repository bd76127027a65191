"""The state of a constrained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable

    from chatfmt.serve.constrained.checks import Check
    from chatfmt.serve.constrained.rules import Told

__all__ = ["State", "Thread"]


class Thread(NamedTuple):
    """One reading: a place, the state of its scanner, and the state of its field's check."""

    place: int
    scan: Hashable
    told: Told
    check: Check[Any] | None = None
    checked: Hashable = None


class State:
    """The state of a constrained model. Equal states of one constraint are the same object."""

    __slots__ = ("after", "loops", "mask", "pending", "threads")

    def __init__(self, threads: tuple[Thread, ...], pending: bytes) -> None:
        self.threads = threads
        self.pending = pending
        """The bytes of a character that is not complete."""
        self.after: dict[str, State | None] = {}
        """Each character with the state after it."""
        self.loops: int | None = None
        """The kinds of characters that lead back here; None until they are asked for."""
        self.mask: bytes | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether the model has stopped: nothing follows."""
        return not self.threads
