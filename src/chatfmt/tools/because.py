"""Find the change of a preparation that makes two renderings differ."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.prepare.prepared import Change

__all__ = ["because"]

_CALLED = {
    "reasoning": "thinking",
    "tool_calls": "calls",
    "tools": "definitions of tools",
}
"""Names of fields that errors call by another name."""


def because(
    changes: Sequence[Change],
    prepared: Sequence[Message],
    a: Sequence[Message],
    b: Sequence[Message],
) -> str | None:
    """The change of a preparation at which two renderings differ, if only one was prepared.

    >>> from chatfmt import Change, Message
    >>> hm, none = (Message(role="assistant", reasoning=text) for text in ("hm", None))
    >>> because([Change(0, "reasoning", "reasoning", "hm", None, 0)], [none], [none], [hm])
    'thinking of message 0 dropped (reasoning): a is prepared, b is not'

    Args:
        changes: the changes of the preparation.
        prepared: its result, as on the wire.
        a: the messages of one rendering, as far as they go.
        b: those of the other.
    """
    pairs = zip(a, b, strict=False)
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    expected = prepared[: at + 1]
    is_a, is_b = (list(side[: at + 1]) == list(expected) for side in (a, b))
    if is_a == is_b:
        return None
    made, given = (a, b) if is_a else (b, a)
    done = _done(changes, at, made[at:], given[at:])
    names = ("a", "b") if is_a else ("b", "a")
    return f"{done}: {names[0]} is prepared, {names[1]} is not" if done else None


def _done(
    changes: Sequence[Change], at: int, made: Sequence[Message], given: Sequence[Message]
) -> str | None:
    """The changes there: to the message, or else to its fields that differ.

    After a message that was added, the other side continues, and the other way round.
    """
    for change in changes:
        if change.field != "message":
            continue
        if change.before is None and change.place == at and _begin_alike(made[1:], given):
            return f"message {at} added ({change.word})"
        if change.after is None and change.message == at and _begin_alike(made, given[1:]):
            return f"message {at} left out ({change.word})"
    told: dict[str, None] = {}
    for one, other in zip(made[:1], given[:1], strict=False):
        for change in changes:
            field = change.field
            if change.place != at or field == "message":
                continue
            if getattr(one, field) != getattr(other, field):
                told[_told(change)] = None
    return ", ".join(told) or None


def _begin_alike(one: Sequence[Message], other: Sequence[Message]) -> bool:
    """Whether messages of the same role come first, or none."""
    return [message.role for message in one[:1]] == [message.role for message in other[:1]]


def _told(change: Change) -> str:
    what = _CALLED.get(change.field, change.field)
    verb = "dropped" if _is_nothing(change.after) else "changed"
    verb = "added" if _is_nothing(change.before) else verb
    return f"{what} of message {change.message} {verb} ({change.word})"


def _is_nothing(value: object) -> bool:
    return value is None or value in ("", ())
