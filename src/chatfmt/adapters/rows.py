"""A row of a file, as readers give it: its value, or what is wrong with it."""

from __future__ import annotations

from typing import Any, NamedTuple

from chatfmt.errors import DataError

__all__ = ["Row", "bad_row"]


class Row(NamedTuple):
    """One row of a file: its value, or what is wrong with it.

    >>> Row("a.jsonl", 1, {"prompt": "2+2?"}).error is None
    True
    """

    file: str
    line: int
    """1-based: the line in JSON Lines, the number of the row elsewhere."""
    value: dict[str, Any] | None
    error: DataError | None = None


def bad_row(file: str, number: int, reason: str, field: str | None = None) -> Row:
    """A row that cannot be used, with its error.

    >>> str(bad_row("a.jsonl", 7, "expected text, found nothing", "prompt").error)
    'a.jsonl:7: prompt: expected text, found nothing'
    """
    return Row(file, number, None, DataError(reason, file, number, field))
