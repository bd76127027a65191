"""A row of a file, as readers return it: its value, or its error."""

from __future__ import annotations

from typing import Any, NamedTuple

from chatfmt.errors import DataError

__all__ = ["Row", "as_row", "bad_row", "is_message"]


class Row(NamedTuple):
    """One row of a file: its value, or its error.

    >>> Row("a.jsonl", 1, {"prompt": "2+2?"}).error is None
    True
    """

    file: str
    line: int
    """1-based: the line in JSON Lines, the number of the row elsewhere."""
    value: dict[str, Any] | None
    error: DataError | None = None


def is_message(value: object) -> bool:
    """Whether a JSON value looks like a message rather than like a row.

    >>> is_message({"role": "user", "content": "hi"}), is_message({"messages": []})
    (True, False)
    """
    return isinstance(value, dict) and "role" in value and not _OF_NO_MESSAGE & value.keys()


_OF_NO_MESSAGE = {"messages", "message_id"}


def as_row(value: object) -> object:
    """Turn a list of messages, such as nanochat's, into a row; return other values unchanged.

    >>> as_row([{"role": "user", "content": "hi"}])
    {'messages': [{'role': 'user', 'content': 'hi'}]}
    """
    if isinstance(value, list) and value and all(map(is_message, value)):
        return {"messages": value}
    return value


def bad_row(file: str, number: int, reason: str, field: str | None = None) -> Row:
    """A row that cannot be used, with its error.

    >>> str(bad_row("a.jsonl", 7, "expected text, found nothing", "prompt").error)
    'a.jsonl:7: prompt: expected text, found nothing'
    """
    return Row(file, number, None, DataError(reason, file, number, field))
