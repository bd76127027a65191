"""The answer to a caller whose request fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.errors import bounded
from chatfmt.web.limits import MOST_REASON, MOST_WHERE

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Refusal", "place_in"]


def place_in(path: Iterable[str | int]) -> str:
    """The place at the end of a path of keys and indices.

    >>> place_in(["messages", 3, "name"])
    'messages[3].name'
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).lstrip(".")


class Refusal(Exception):  # noqa: N818 - it is what the caller is answered
    """A request that fails.

    Attributes:
        error: the kind of error, the name of a class.
        reason: what was expected, what was found, and how to fix it.
        where: the place in the request, such as ``messages[3].name`` or ``ids[12]``, or None.
        index: for ids that are not a conversation, the index of the first wrong one.
        status: the HTTP status: 400 if the body is not JSON, and 422 for everything else.
    """

    def __init__(
        self,
        error: str,
        reason: str,
        where: str | None = None,
        index: int | None = None,
        status: int = 422,
    ) -> None:
        super().__init__(error, reason, where, index, status)
        self.error, self.index, self.status = error, index, status
        self.reason = _printable(bounded(reason, MOST_REASON))
        self.where = None if where is None else _printable(bounded(where, MOST_WHERE))

    def body(self) -> dict[str, Any]:
        """The refusal as JSON values."""
        return {
            "error": self.error,
            "reason": self.reason,
            "where": self.where,
            "index": self.index,
        }


def _printable(text: str) -> str:
    """The text with escapes for lone surrogates, which cannot be encoded as UTF-8."""
    return text.encode(errors="backslashreplace").decode()
