"""What a preparation works on: the messages, each known by a key, and what was asked for."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from chatfmt.conversation.wording import describe
from chatfmt.errors import RenderError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.conversation import Message

__all__ = ["Asked", "Item", "first_of", "last_of"]

_PLACE = re.compile(r"\{([a-z_]+)(?::([^{}]*))?\}")


class Item(NamedTuple):
    """A message, and by what it is known while words change it."""

    key: int
    """Its index among the messages that were given; a higher number if it was added."""
    message: Message
    part_of: int | None = None
    """The key of the message that was split, if this is a further part of one."""

    def update(self, **fields: object) -> Item:
        """The same message with other fields."""
        return self._replace(message=self.message.model_copy(update=fields))


@dataclass
class Asked:
    """What `prepare` was asked for, besides the messages."""

    format: str
    """The name of the format, for errors."""
    tools: tuple[dict[str, Any], ...]
    values: Mapping[str, str | dt.date]
    keep_history: bool
    given: int
    """How many messages were given: a key below is the index of one."""
    added: int = 0
    """How many were added to them."""
    answers: int | None = None
    """The first that the model is yet to write, as it does when the others are all that it is
    shown; None: all are history."""

    def add(self, message: Message) -> Item:
        """A message that was not given."""
        self.added += 1
        return Item(self.given + self.added - 1, message)

    def history(self, items: Sequence[Item]) -> int:
        """How many of these are history."""
        if self.answers is None:
            return len(items)
        given = range(self.answers, self.given)
        return next((at for at, item in enumerate(items) if item.key in given), len(items))

    def fill(self, text: str, defaults: Mapping[str, str | None]) -> str:
        """A text with the values in it: ``{date:%d %b %Y}`` is a date, written so.

        Args:
            text: what the row has.
            defaults: the names of the values in it, with what stands for one that is not given;
                None where it must be given. Other braces stand for themselves.

        Raises:
            RenderError: a value is missing, or no date where one is written.
        """

        def one(found: re.Match[str]) -> str:
            name, how = found.groups()
            return found[0] if name not in defaults else self._value(name, how, defaults[name])

        return _PLACE.sub(one, text)

    def _value(self, name: str, how: str | None, default: str | None) -> str:
        value = self.values.get(name, default)
        if isinstance(value, dt.date):
            if how:
                return value.strftime(how)
            reason = f"the value {name} is text, found a date; pass it as it is to be written"
            self.refuse(reason, field=name)
        if not isinstance(value, str):
            kind = f"a datetime.date, or text in the form {shown(how)}" if how else "text"
            found = "none" if value is None else describe(value)
            self.refuse(f"the value {name} is needed: {kind}; found {found}", field=name)
        return value

    def refuse(self, reason: str, item: Item | None = None, field: str | None = None) -> NoReturn:
        """Raise what says that the template takes no such conversation."""
        index = None if item is None or item.key >= self.given else item.key
        raise RenderError(reason, self.format, index, field)


def first_of(items: Sequence[Item], role: str) -> int | None:
    """Where the first message of a role is."""
    return next((at for at, item in enumerate(items) if item.message.role == role), None)


def last_of(items: Sequence[Item], roles: Iterable[str]) -> int:
    """Where the last message of some roles is; -1 if there is none."""
    found = [at for at, item in enumerate(items) if item.message.role in {*roles}]
    return found[-1] if found else -1
