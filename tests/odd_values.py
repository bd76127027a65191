"""Odd values at every place of a valid one, for what must read any JSON or refuse it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ODD", "ODD_JSON", "damaged", "places", "replaced"]


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


_ENDLESS: list[Any] = []
_ENDLESS.append(_ENDLESS)

# Values that no member expects, and objects and lists where a name is looked up.
ODD_JSON: tuple[Any, ...] = (
    *(None, True, 1, -1, 10**30, 0.5, "", "x", "\x00", "{", [], {}, [[]], [{}], [None], ["x"]),
    *({"type": []}, [{"type": {}}], {"": 1}, {"k" * 3000: 1}, "k" * 3000),
    *({"function": {"name": [], "arguments": []}}, _nested(60)),
)
"""Values that JSON has."""
ODD: tuple[Any, ...] = (
    *ODD_JSON,
    *("\ud800", 10**5000, float("nan"), b"x", {1}, {1: 2}, object(), _nested(5000), _ENDLESS),
)
"""And such that it does not have, or that Python's own encoder and decoder fail on."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every part of a value, and to the value itself."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    """The value with another part there."""
    if not path:
        return part
    whole = copy.deepcopy(value)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = part
    return whole


def damaged(value: Any, parts: tuple[Any, ...] = ODD) -> Iterator[Any]:
    """The value with each of these parts at each place, and without each of its members."""
    for path in places(value):
        for part in parts:
            yield replaced(value, path, part)
        if path and isinstance(path[-1], str):
            whole = copy.deepcopy(value)
            holder = whole
            for key in path[:-1]:
                holder = holder[key]
            del holder[path[-1]]
            yield whole
