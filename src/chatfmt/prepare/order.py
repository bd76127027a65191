"""The conversations that a template accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from chatfmt.prepare.word import Word

if TYPE_CHECKING:
    from chatfmt.prepare.items import Asked, Item

__all__ = ["Order"]


class Order(Word):
    """The conversations that a template accepts; others are refused, as the template does."""

    word: Literal["order"] = "order"
    system: bool = True
    """Whether there may be a system message."""
    alternate: bool = False
    """Whether after it user and assistant alternate, the user first, with no other roles."""
    first: Sequence[str] = ()
    """Roles whose messages may be only at the start."""
    tools: bool = True
    """Whether there may be definitions of tools."""
    calls: int | None = None
    """How many calls a message may have; None: any number."""
    text_with_calls: bool = True
    """Whether a message with calls may have text as well."""
    empty_answers: bool = True
    """Whether an answer may have neither text nor calls."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages, unchanged."""
        if asked.tools and not self.tools:
            asked.refuse("the format has no place for definitions of tools")
        for number, item in enumerate(items):
            message = item.message
            calls = len(message.tool_calls)
            if message.role == "system" and not self.system:
                asked.refuse("the template takes no system message", item, "role")
            if number and message.role in self.first:
                reason = f"the template takes the role {message.role} only at the start"
                asked.refuse(reason, item, "role")
            if self.calls is not None and calls > self.calls:
                reason = f"tool calls in a message: the template takes {self.calls}, found {calls}"
                asked.refuse(reason, item, "tool_calls")
            if calls and message.content and not self.text_with_calls:
                asked.refuse("the template takes no text beside tool calls", item, "content")
            says = message.content or calls or message.role != "assistant"
            if not says and not self.empty_answers:
                asked.refuse("the template takes no answer without text", item, "content")
        if self.alternate:
            self._check_turns(items, asked)
        return items

    @staticmethod
    def _check_turns(items: list[Item], asked: Asked) -> None:
        turns = items[1:] if items and items[0].message.role == "system" else items
        for number, item in enumerate(turns):
            expected = "assistant" if number % 2 else "user"
            if item.message.role != expected:
                reason = f"the template expects {expected} here, because these two take turns"
                asked.refuse(f"{reason}; found {item.message.role}", item, "role")
