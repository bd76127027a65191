"""The texts in words of preparation, and the date of the day in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatfmt.templates.render import DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["dated", "texts_of"]

_STRFTIME = re.compile(r"strftime_now\(\s*['\"](.*?)['\"]\s*\)")
_TEXTS = ("before", "default", "between", "content")  # members of words


def texts_of(words: Sequence[dict[str, Any]]) -> list[str]:
    """The texts that words write.

    >>> texts_of([{"word": "system", "before": "Today: "}])
    ['Today: ']
    """
    return [word[name] for word in words for name in _TEXTS if name in word]


def dated(source: str, word: dict[str, Any]) -> dict[str, Any]:
    """The word with a value for the date, if the template writes the date of the day.

    >>> dated("{{ strftime_now('%d %b') }}", {"word": "system", "default": "It is 02 Jan."})
    {'word': 'system', 'default': 'It is {date:%d %b}.', 'values': {'date': None}}
    """
    made = {**word}
    for how in _STRFTIME.findall(source):
        today = DATE.strftime(how)
        for name in _TEXTS:
            if today in str(made.get(name, "")):
                made[name] = made[name].replace(today, f"{{date:{how}}}")
                made["values"] = {"date": None}
    return made
