"""What a token id is: an integer, whatever type it comes in."""

from __future__ import annotations

import operator
from typing import Any

__all__ = ["as_id"]


def as_id(token: object) -> int:
    """The integer that an id is: an int, a numpy integer, a tensor without dimensions.

    >>> as_id(7)
    7

    Raises:
        TypeError: it is no integer; a truth value is none, and neither is a float.
    """
    if type(token) is int:
        return token
    # A tensor of truth values has an __index__, as True has; its dtype says what it is.
    if isinstance(token, bool) or str(getattr(token, "dtype", "")).endswith("bool"):
        raise TypeError(f"expected a token id, found the truth value {token}")
    try:
        untyped: Any = token
        return operator.index(untyped)
    except TypeError as error:
        found = f"{token!r:.60}"
        raise TypeError(f"expected a token id, found {found} of type {type(token).__name__}") from (
            error
        )
