"""Growing objects that one thread at a time may use: use by two threads at once is detected."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Alone", "grows", "reads"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S", bound="Alone")


class Alone:
    """An object that `grows` and `reads` watch over. It is not a lock: no one ever waits."""

    _changes = 0
    _idle: list[None]
    """Holds an item while no one changes the object; popping it is atomic: one thread gets it."""

    def __init__(self) -> None:
        self._idle = [None]


def grows(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[_S, _P], _R]:
    """Mark a method that changes the object; RuntimeError if another thread is using it."""

    @wraps(method)
    def guarded(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            self._idle.pop()
        except IndexError:
            raise _used_twice(self) from None
        try:
            return method(self, *args, **kwargs)
        finally:
            self._changes += 1
            self._idle.append(None)

    return guarded


def reads(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[_S, _P], _R]:
    """Mark a method that reads the object; RuntimeError if it was changed meanwhile."""

    @wraps(method)
    def guarded(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        before = self._changes
        if not self._idle:
            raise _used_twice(self)
        try:
            return method(self, *args, **kwargs)
        finally:
            if before != self._changes or not self._idle:
                raise _used_twice(self)

    return guarded


def _used_twice(used: Alone) -> RuntimeError:
    return RuntimeError(
        f"two threads use one {type(used).__name__} at once; give each a copy() of its own, or let "
        "them take turns with a lock"
    )
