"""The definitions of tools, and the ids of their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chatfmt.conversation import Message, ToolCall
from chatfmt.errors import shown
from chatfmt.prepare.items import first_of, last_of
from chatfmt.prepare.spelling import Spelling
from chatfmt.prepare.word import Word

if TYPE_CHECKING:
    from chatfmt.prepare.items import Asked, Item

__all__ = ["Calls", "Tools"]


class Tools(Word):
    """Where a template puts the definitions of tools."""

    word: Literal["tools"] = "tools"
    into: Literal["system", "first_user", "last_user", "message", "inserted"]
    """The system message, which is added if there is none; a user message; a separate message at
    the start; or the message of this role that was inserted."""
    role: str = "system"
    """The role of that message, and of the system message if it has another role."""
    after_system: bool = False
    """Whether it comes after the system message instead."""
    field: Literal["tools", "content"] = "tools"
    spelling: Spelling = Spelling()
    before: str = ""
    """Text before them in a content."""
    after: str = ""
    """Text after them there, before or after the given content."""
    place: Literal["before", "after"] = "before"
    """Whether they come before or after the given content."""
    between: str = ""
    """Text between the two, if there is a content."""

    @property
    def looks_at(self) -> Literal["nothing", "user", "end"]:
        """Which user message is the last."""
        return "user" if self.into == "last_user" else "nothing"

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the definitions in one of them."""
        if not asked.tools:
            return items
        try:
            text = self.spelling.spell(asked.tools)
        except ValueError as error:
            asked.refuse(str(error))
        at = self._where(items, asked)
        if at is None:
            is_second = self.after_system and items and items[0].message.role == "system"
            at = 1 if is_second else 0
            items = [*items[:at], asked.add(Message(role=self.role)), *items[at:]]
        return [*items[:at], self._put(items[at], text), *items[at + 1 :]]

    def _where(self, items: list[Item], asked: Asked) -> int | None:
        if self.into == "message":
            return None
        if self.into == "inserted":
            return first_of(items, self.role)
        if self.into == "system":
            return 0 if items and items[0].message.role == self.role else None
        last = last_of(items, ["user"])
        if last < 0:
            asked.refuse("expected a user message to hold the tools, found none")
        return last if self.into == "last_user" else first_of(items, "user")

    def _put(self, item: Item, text: str) -> Item:
        if self.field == "tools":
            return item.update(tools=text)
        text, content = self.before + text + self.after, item.message.content
        parts = [text, content] if self.place == "before" else [content, text]
        return item.update(content=(self.between if content else "").join(parts))


class Calls(Word):
    """New ids for tool calls, and for the results that answer them.

    A result without an id answers the next call; one that names a tool, the next of this name.
    """

    word: Literal["calls"] = "calls"
    ids: str
    """Their shape: ``{name}`` is the name of the tool, ``{n}`` counts all calls from 0."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the new ids."""
        made: list[Item] = []
        count = 0
        waiting: dict[str | int, ToolCall] = {}  # what a result may answer, by the given id
        for item in items:
            message = item.message
            if message.role == "tool":
                item = self._answering(item, waiting, asked)  # noqa: PLW2901 - what it is now
            elif message.tool_calls:
                calls = []
                waiting = {}
                for call in message.tool_calls:
                    calls.append(call.model_copy(update={"id": self._id(call.name, count)}))
                    waiting[count if call.id is None else call.id] = calls[-1]
                    count += 1
                item = item.update(tool_calls=tuple(calls))  # noqa: PLW2901 - what it is now
            made.append(item)
        return made

    def _id(self, name: str, count: int) -> str:
        return self.ids.replace("{n}", str(count)).replace("{name}", name)

    @staticmethod
    def _answering(item: Item, waiting: dict[str | int, ToolCall], asked: Asked) -> Item:
        given, name = item.message.call_id, item.message.name
        key: str | int | None = given
        if given is None:
            key = next((k for k, call in waiting.items() if name in (None, call.name)), None)
        if key is None or key not in waiting:
            of_name = "" if name is None else f" of {shown(name)}"
            found = f"no call{of_name} is left" if given is None else f"found the id {shown(given)}"
            asked.refuse(f"expected the result of a call before it; {found}", item, "call_id")
        call = waiting.pop(key)
        return item.update(call_id=call.id, name=call.name)
