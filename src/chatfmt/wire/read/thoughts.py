"""An empty reasoning: a prompt has written it, and all before it, where a prompt can."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatfmt.line.place import Place

__all__ = ["Thoughts"]


class Thoughts:
    """Follows what closes a reasoning."""

    def __init__(self, closers: int | None) -> None:
        self._closers = closers

    @property
    def is_closed(self) -> bool:
        """Whether all that closes it is there."""
        return self._closers == 0

    def end_before(self, place: Place) -> bool:
        """Whether the reasoning is closed, and this place is the first after it."""
        part, gives = place.meaning.part, place.meaning.gives
        literal = place.letter and part not in ("content", "calls") and gives != "content"
        if self._closers is None or literal:
            return False
        if place.meaning.field == "reasoning":
            return False  # held back, it may still turn out to be what closes it
        if self._closers and place.meaning.field is None and place.meaning.part != "end":
            self._closers -= 1
        else:
            closed = self._closers == 0
            self._closers = None
            return closed
        return False
