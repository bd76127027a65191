"""The data of a preparation: the messages, each with a key, and the request."""

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

__all__ = ["PLACE", "Asked", "Item", "first_of", "last_of"]

PLACE = re.compile(r"\{([a-z_]+)(?::([^{}]*))?\}")
"""The place of a value in a text: its name, and the form of a date."""


class Item(NamedTuple):
    """A message, with a key that identifies it while words change it."""

    key: int
    """Its index among the given messages; a higher number if it was added."""
    message: Message
    part_of: int | None = None
    """The key of the message that was split, if this is a further part of one."""

    def update(self, **fields: object) -> Item:
        """The same message with other fields."""
        return self._replace(message=self.message.model_copy(update=fields))


@dataclass
class Asked:
    """The request to `prepare`, besides the messages."""

    format: str
    """The name of the format, for errors."""
    tools: tuple[dict[str, Any], ...]
    values: Mapping[str, str | dt.date]
    keep_history: bool
    given: int
    """How many messages were given: a key below this is the index of one."""
    added: int = 0
    """How many were added to them."""
    answers: int | None = None
    """The first message that the model is yet to write, after it was shown the others; None if all
    are history."""

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
        """A text with its values filled in: ``{date:%d %b %Y}`` is a date, written in that form.

        Args:
            text: the text of the row.
            defaults: the names of the values in it, with the default of each; None if it must be
                given. Other braces are ordinary text.

        Raises:
            RenderError: a value is missing, or is not a date where one is written.
        """

        def one(found: re.Match[str]) -> str:
            name, how = found.groups()
            return found[0] if name not in defaults else self._value(name, how, defaults[name])

        return PLACE.sub(one, text)

    def _value(self, name: str, how: str | None, default: str | None) -> str:
        value = self.values.get(name, default)
        if isinstance(value, dt.date):
            if how:
                return value.strftime(how)
            reason = f"the value {name} is text, found a date; pass the text that is to be written"
            self.refuse(reason, field=name)
        if not isinstance(value, str):
            kind = f"a datetime.date, or text in the form {shown(how)}" if how else "text"
            found = "none" if value is None else describe(value)
            self.refuse(f"the value {name} is needed: {kind}; found {found}", field=name)
        return value

    def refuse(self, reason: str, item: Item | None = None, field: str | None = None) -> NoReturn:
        """Raise the error for a conversation that the template does not accept."""
        index = None if item is None or item.key >= self.given else item.key
        raise RenderError(reason, self.format, index, field)


def first_of(items: Sequence[Item], role: str) -> int | None:
    """The index of the first message of a role."""
    return next((at for at, item in enumerate(items) if item.message.role == role), None)


def last_of(items: Sequence[Item], roles: Iterable[str]) -> int:
    """The index of the last message of some roles; -1 if there is none."""
    found = [at for at, item in enumerate(items) if item.message.role in {*roles}]
    return found[-1] if found else -1
