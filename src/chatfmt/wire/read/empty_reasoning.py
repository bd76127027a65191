"""Empty reasoning, which a prompt may have written together with everything before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatfmt.line.place import Place
    from chatfmt.wire.prompts import Closers

__all__ = ["EmptyReasoning"]


class EmptyReasoning:
    """Follows the text that closes empty reasoning."""

    def __init__(self, closers: Closers | None) -> None:
        self._is_followed = closers is not None
        self._specials, self._letters = closers or (0, 0)

    @property
    def is_closed(self) -> bool:
        """Whether all the text that closes it has come."""
        return self._is_followed and not self._specials

    def end_before(self, place: Place) -> bool:
        """Whether the reasoning is closed, and this place is the first after it."""
        meaning = place.meaning
        if not self._is_followed or meaning.field == "reasoning":
            return False  # it is held back, because it may still become the text that closes it
        if place.letter and meaning.part not in ("content", "calls") and meaning.gives != "content":
            self._letters -= self._specials == 0
            if self._letters >= 0:
                return False
        elif self._specials and meaning.field is None and meaning.part != "end":
            self._specials -= 1
            return False
        self._is_followed = False
        return not self._specials
