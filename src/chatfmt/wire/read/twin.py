"""Copies of the objects that a reader is made of."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["twin"]

_T = TypeVar("_T")


def twin(of: _T) -> _T:
    """An object of its own with the same attributes: ``copy.copy`` takes several times as long."""
    other = object.__new__(type(of))
    other.__dict__.update(of.__dict__)
    return other
