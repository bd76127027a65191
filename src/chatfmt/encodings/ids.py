"""Token ids are integers, of whatever type."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from chatfmt.errors import shown

__all__ = ["as_id"]


def as_id(token: SupportsIndex, position: int | None = None) -> int:
    """One id as a plain integer; ``position`` is its index, for the error.

    A numpy integer, or a tensor without dimensions, may hash by identity: no table would find it,
    and no stop token would be recognized. So each is converted.

    >>> as_id(7)
    7

    Raises:
        TypeError: it is a boolean, a float or anything else that is not an integer.
    """
    if token.__class__ is int:
        return token
    # torch takes a boolean tensor for an integer, as Python does with its own
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
