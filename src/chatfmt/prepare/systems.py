"""The system message: the text that a template adds, and the other places it may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from chatfmt.conversation import Message
from chatfmt.prepare.items import first_of, last_of
from chatfmt.prepare.word import Word

if TYPE_CHECKING:
    from chatfmt.prepare.items import Asked, Item

__all__ = ["Fold", "Insert", "System"]


class System(Word):
    """A template's treatment of a system message at the start, and of a missing one."""

    word: Literal["system"] = "system"
    role: str = "system"
    """Its role."""
    default: str | None = None
    """Its text if none was given; None: then there is no system message."""
    default_with_tools: str | None = None
    """The same if tools were given, if that is different."""
    before: str = ""
    """Text before the given one."""
    before_with_tools: str | None = None
    """The same if tools were given, if that is different."""
    after: str = ""
    """Text after the given one."""
    after_with_tools: str | None = None
    """The same if tools were given, if that is different."""
    empty: Literal["keep", "default", "drop"] = "keep"
    """How to treat one without text: it stays, counts as none, or is left out."""
    drop: bool = False
    """Whether every one is left out, whatever its text."""
    values: Mapping[str, str | None] = {}
    """Names of the values in these texts, with the default of each."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the template's system message."""
        given = bool(items) and items[0].message.role == self.role
        is_empty = given and not items[0].message.content
        if given and (self.drop or (is_empty and self.empty == "drop")):
            return items[1:]
        if is_empty and self.empty == "default":
            given, items = False, items[1:]
        if given:
            before = self._of(self.before, self.before_with_tools, asked) or ""
            text = asked.fill(before, self.values) + items[0].message.content
            after = self._of(self.after, self.after_with_tools, asked) or ""
            text += asked.fill(after, self.values)
            return [items[0].update(content=text), *items[1:]]
        default = self._of(self.default, self.default_with_tools, asked)
        if default is None:
            return items
        text = asked.fill(default, self.values)
        return [asked.add(Message(role=self.role, content=text)), *items]

    @staticmethod
    def _of(without: str | None, with_tools: str | None, asked: Asked) -> str | None:
        return with_tools if asked.tools and with_tools is not None else without


class Fold(Word):
    """Makes the system message part of a user message, in front of its text."""

    word: Literal["fold"] = "fold"
    into: Literal["first", "last"]
    between: str = "\n\n"
    drop_empty: bool = False
    """Whether one without text is left out, together with the text between."""

    @property
    def looks_at(self) -> Literal["nothing", "user", "end"]:
        """Which user message is the last."""
        return "user" if self.into == "last" else "nothing"

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages without a system message."""
        if not items or items[0].message.role != "system":
            return items
        system, *rest = items
        if self.drop_empty and not system.message.content:
            return rest
        last = last_of(rest, ["user"])
        at = first_of(rest, "user") if self.into == "first" else last
        if at is None or at < 0:
            asked.refuse("expected a user message to hold this one", system)
        text = system.message.content + self.between + rest[at].message.content
        return [*rest[:at], rest[at].update(content=text), *rest[at + 1 :]]


class Insert(Word):
    """A message that a template puts at the start."""

    word: Literal["insert"] = "insert"
    role: str
    content: str
    after_system: bool = False
    """Whether it comes after a system message."""
    values: Mapping[str, str | None] = {}

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages after that one."""
        text = asked.fill(self.content, self.values)
        at = 1 if self.after_system and items and items[0].message.role == "system" else 0
        return [*items[:at], asked.add(Message(role=self.role, content=text)), *items[at:]]
