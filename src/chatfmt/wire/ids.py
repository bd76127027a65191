"""Token ids from callers: Python's integers, or integers of another library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex

from chatfmt.encodings.ids import as_id

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["as_id", "as_ids"]


def as_ids(ids: Iterable[SupportsIndex]) -> list[int]:
    """Ids as plain integers; the same list, if it has nothing else.

    >>> as_ids(range(3))
    [0, 1, 2]

    Raises:
        TypeError: as `as_id`.
    """
    listed: list[Any] = ids if isinstance(ids, list) else list(ids)
    if [*map(type, listed)].count(int) == len(listed):
        return listed
    return [as_id(token, position) for position, token in enumerate(listed)]
