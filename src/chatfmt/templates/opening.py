"""A message that a template writes by itself before all others, with the date of the day in it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.templates.spelling import ended, line_text, parts

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Opening", "opening"]


class Opening(NamedTuple):
    r"""The message, and the text before it.

    >>> Opening("", "<m>system\n", "Today is 2 Jan.", "<e>").words
    [{'word': 'insert', 'role': 'system', 'content': 'Today is 2 Jan.'}]
    """

    prologue: str
    head: str
    text: str
    end: str

    @property
    def words(self) -> list[dict[str, Any]]:
        """The words of preparation that add it."""
        return [{"word": "insert", "role": "system", "content": self.text}]

    def line(self, tokens: Sequence[str]) -> str:
        """The line of its role.

        >>> Opening("", "<m>system: ", "Today is 2 Jan.", "<e>").line(["<m>", "<e>"])
        '<m>system: {content}<e>'
        """
        return line_text(self.head, tokens) + "{content}" + ended(self.end, tokens)


def opening(now: str, later: str, tokens: Sequence[str], bos: str) -> Opening | None:
    """The message in a text that is another one on a later day.

    None if it is the same, or if the part that differs does not stand between special tokens.

    Args:
        now: the text before the first message.
        later: the same on a later day.
        tokens: the special tokens.
        bos: the token that begins a conversation; it belongs to no message.

    >>> opening("<s><m>Day 2<e>", "<s><m>Day 9<e>", ["<s>", "<m>", "<e>"], "<s>")
    Opening(prologue='<s>', head='<m>', text='Day 2', end='<e>')
    >>> opening("<m>Day 2", "<m>Day 9", ["<m>"], "")
    """
    if now == later:
        return None
    prologue = bos if bos and now.startswith(bos) else ""
    pairs = zip(now, later, strict=False)
    differs = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    at = 0
    for number, part in enumerate(parts(now, tokens)):
        if number % 2 == 0 and at <= differs < at + len(part):
            head, end = now[len(prologue) : at], now[at + len(part) :]
            return Opening(prologue, head, part, end) if head and end else None
        at += len(part)
    return None
