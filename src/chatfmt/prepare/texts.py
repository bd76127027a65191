"""Texts that a template shortens, or writes in another role."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from chatfmt.prepare.items import last_of
from chatfmt.prepare.word import Word

if TYPE_CHECKING:
    from chatfmt.conversation import Message
    from chatfmt.prepare.items import Asked, Item

__all__ = ["Rename", "Strip"]


class Strip(Word):
    """White space that a template removes from the edges of a text."""

    word: Literal["strip"] = "strip"
    roles: Sequence[str]
    field: Literal["content", "reasoning"] = "content"
    side: Literal["start", "end", "both"] = "both"
    characters: str | None = None
    """The characters to remove; None: white space as in Python."""
    thinks: bool | None = None
    """True: only of messages that have reasoning, False: only of those that have none."""
    calls: bool | None = None
    """The same for messages with calls, and for those without."""
    earlier: bool = False
    """Whether only messages before the last user message count."""

    @property
    def looks_at(self) -> Literal["nothing", "user", "end"]:
        """Whether a message comes before the last user message."""
        return "user" if self.earlier else "nothing"

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:  # noqa: ARG002 - as for others
        """The messages with the texts shortened."""
        until = max(last_of(items, ["user"]), 0) if self.earlier else len(items)
        return [
            self._stripped(item) if at < until and self._counts(item.message) else item
            for at, item in enumerate(items)
        ]

    def _counts(self, message: Message) -> bool:
        thinks = self.thinks is None or self.thinks == (message.reasoning is not None)
        calls = self.calls is None or self.calls == bool(message.tool_calls)
        is_one = message.role in self.roles and thinks and calls
        return is_one and getattr(message, self.field) is not None

    def _stripped(self, item: Item) -> Item:
        strip = {"start": str.lstrip, "end": str.rstrip, "both": str.strip}[self.side]
        return item.update(
            **{self.field: strip(getattr(item.message, self.field), self.characters)}
        )


class Rename(Word):
    """Messages that a template writes in another role, or with text around them."""

    word: Literal["rename"] = "rename"
    role: str
    to: str
    before: str = ""
    after: str = ""
    quoted: bool = False
    """Whether the content becomes a JSON string."""
    joined: bool = False
    """Whether consecutive ones become one message."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:  # noqa: ARG002 - as for others
        """The messages with the rewritten ones in their place."""
        made: list[Item] = []
        goes_on = False
        for item in items:
            if item.message.role != self.role:
                made.append(item)
            elif goes_on and self.joined:
                whole = made[-1].message.content + self._one(item).message.content
                made[-1] = made[-1].update(content=whole)
            else:
                made.append(self._one(item))
            goes_on = item.message.role == self.role
        return made

    def _one(self, item: Item) -> Item:
        text = item.message.content
        text = json.dumps(text, ensure_ascii=False) if self.quoted else text
        text = self.before + text + self.after
        if self.to == self.role:
            return item.update(content=text)
        return item.update(role=self.to, content=text, name=None, call_id=None)
