"""Token ids from callers: Python's integers, or integers of another library."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar

from chatfmt.encodings.ids import as_id
from chatfmt.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_id", "as_ids", "as_logprobs", "each_of"]

T = TypeVar("T")


def each_of(ids: Iterable[T], what: str = "integers as token ids") -> Iterator[T]:
    """The members of what a caller gives as a sequence; `as_id` checks each.

    >>> list(each_of(range(3)))
    [0, 1, 2]

    Raises:
        TypeError: it is no sequence; or a text or bytes, whose members are something else; or has
            no order.
    """
    if not isinstance(ids, str | bytes | bytearray | Mapping | AbstractSet):
        try:
            return iter(ids)
        except TypeError:  # as from a tensor without dimensions
            pass
    found = f"{type(ids).__name__} {shown(ids)}"
    raise TypeError(f"expected {what}, in a list or another sequence, found {found}")


def as_logprobs(values: Iterable[Any]) -> list[float]:
    """Numbers as plain floats, one for each id.

    >>> as_logprobs([-0.5, 0])
    [-0.5, 0.0]

    Raises:
        TypeError: one of them is a boolean, a text, complex, or no number at all.
    """
    return [_as_float(value, at) for at, value in enumerate(each_of(values, "numbers as logprobs"))]


def _as_float(value: Any, position: int) -> float:  # noqa: ANN401 - a number of any library
    if value.__class__ is float:
        return float(value)
    boolean = isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool")
    is_complex = isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)
    try:
        if not (boolean or is_complex or isinstance(value, str | bytes | bytearray)):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(
        f"expected numbers as logprobs, found {type(value).__name__} {shown(value)} at index "
        f"{position}"
    )


def as_ids(ids: Iterable[SupportsIndex]) -> list[int]:
    """Ids as plain integers; the same list, if it has nothing else.

    >>> as_ids(range(3))
    [0, 1, 2]

    Raises:
        TypeError: as `as_id` and `each_of`.
    """
    listed: list[Any] = ids if isinstance(ids, list) else [*each_of(ids)]
    if [*map(type, listed)].count(int) == len(listed):
        return listed
    return [as_id(token, position) for position, token in enumerate(listed)]
