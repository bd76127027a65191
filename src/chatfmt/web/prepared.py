"""Preparation in the playground: its values, its changes, and the same in Python."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from chatfmt.conversation.wording import Fault
from chatfmt.prepare.options import read_value
from chatfmt.show import place_of, runs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatfmt import Change

__all__ = ["described", "python_of", "read_values"]


def read_values(given: Mapping[str, str]) -> dict[str, str | dt.date]:
    """The values as `ChatTokenizer.prepare` takes them: text that looks like a date becomes one.

    >>> read_values({"date": "2026-01-31"})
    {'date': datetime.date(2026, 1, 31)}
    """
    found = {}
    for name, text in given.items():
        try:
            found[name] = read_value(text)
        except ValueError as error:
            raise Fault(str(error), (name,)) from None
    return found


def described(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """The changes as JSON values.

    >>> import chatfmt
    >>> described([chatfmt.Change(0, "content", "strip", "a ", "a")])
    [{'place': 'message 0 content', 'word': 'strip', 'runs': [('same', 'a'), ('gone', '·')]}]
    """
    return [
        {"place": place_of(change), "word": change.word, "runs": runs_of(change)}
        for change in changes
    ]


def python_of(values: Mapping[str, str | dt.date], *, tools: bool = False) -> list[str]:
    """The lines of Python that prepare ``messages`` with these values.

    >>> python_of({})
    ['messages = tok.prepare(messages)']
    """
    spelled = ", tools=tools" if tools else ""
    spelled += f", values={dict(values)!r}" if values else ""
    lines = [f"messages = tok.prepare(messages{spelled})"]
    is_dated = any(isinstance(value, dt.date) for value in values.values())
    return ["import datetime", *lines] if is_dated else lines
