"""The options of a preparation as one value: for many conversations, on many cores."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PrepareOptions", "read_value"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_value(text: str) -> str | dt.date:
    """A value as people type it: a date if it looks like one, otherwise the text.

    >>> read_value("2026-01-31"), read_value("31 Jan")
    (datetime.date(2026, 1, 31), '31 Jan')

    Raises:
        ValueError: it looks like a date, but there is no such day.
    """
    if not _DATE.fullmatch(text):
        return text
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no such day as {text}") from None


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """The arguments of `ChatTokenizer.prepare`, except the conversation.

    >>> import chatfmt
    >>> options = PrepareOptions(history="keep")
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> tok.prepare([{"role": "user", "content": "hello"}], **options.arguments()).changes
    ()
    """

    tools: tuple[Mapping[str, Any], ...] | None = None
    """Definitions for every conversation; None: each conversation's own."""
    values: Mapping[str, str | dt.date] = field(default_factory=dict)
    history: Literal["published", "keep"] = "published"
    thinking: bool | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments for `ChatTokenizer.prepare`, by name.

        >>> PrepareOptions().arguments()["history"]
        'published'
        """
        return dict(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values, so that two can be compared; a date differs from its text.

        >>> PrepareOptions(values={"date": dt.date(2026, 1, 31)}).to_dict()["values"]
        {'date': {'date': '2026-01-31'}}
        """
        values = {
            name: {"date": value.isoformat()} if isinstance(value, dt.date) else value
            for name, value in self.values.items()
        }
        return {**vars(self), "values": values}
