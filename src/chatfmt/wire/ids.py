"""Token ids as they come in: Python's integers, or what counts as one in another library."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, SupportsIndex

from chatfmt.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["as_id", "as_ids"]


def as_id(token: SupportsIndex, position: int | None = None) -> int:
    """One id as a plain integer; ``position`` is where it stands, for the error.

    An integer of numpy, or a tensor without dimensions, may hash by identity: no table would know
    it, and no stop token would be seen. So each is made the integer that it is.

    >>> as_id(7)
    7

    Raises:
        TypeError: it is a boolean, a float or anything else that is not an integer.
    """
    if token.__class__ is int:
        return token
    # torch takes a tensor of booleans for an integer, as Python does with its own
    boolean = isinstance(token, bool) or str(getattr(token, "dtype", "")).endswith("bool")
    try:
        if not boolean:
            return int(operator.index(token))
    except TypeError:
        pass
    where = "" if position is None else f" at index {position}"
    raise TypeError(
        f"expected integers as token ids, found {type(token).__name__} {shown(token)}{where}; "
        "convert it first if it is an id"
    )


def as_ids(ids: Iterable[SupportsIndex]) -> list[int]:
    """Ids as plain integers: the very list, if it is one that holds nothing else.

    >>> as_ids(range(3))
    [0, 1, 2]

    Raises:
        TypeError: as `as_id`.
    """
    listed: list[Any] = ids if isinstance(ids, list) else list(ids)
    if [*map(type, listed)].count(int) == len(listed):
        return listed
    return [as_id(token, position) for position, token in enumerate(listed)]
