"""The thinking of earlier answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chatfmt.prepare.items import last_of
from chatfmt.prepare.word import Word

if TYPE_CHECKING:
    from chatfmt.conversation import Message
    from chatfmt.prepare.items import Asked, Item

__all__ = ["Reasoning"]


class Reasoning(Word):
    """Says which answers keep their thinking, and which get empty thinking.

    If thinking is a separate message, in the channel ``analysis``, that message is left out.
    """

    word: Literal["reasoning"] = "reasoning"
    keep: Literal["all", "after_last_user", "after_last_answer", "none"]
    """An answer is an assistant message without tool calls."""
    empty: Literal["none", "kept", "all"] = "none"
    """Which answers without thinking get empty thinking: those that could keep one, or all."""
    dropped: str | None = None
    """Text in place of dropped thinking; None: nothing."""
    blank: bool = True
    """Whether thinking that is only white space counts as thinking, or as none."""
    leaves: str = ""
    """Text before the content of an answer without calls whose thinking is dropped."""
    after_results: bool = True
    """Whether answers after the result of a tool get empty thinking, too."""

    @property
    def looks_at(self) -> Literal["nothing", "user", "end"]:
        """An answer loses its thinking because of what follows it."""
        match self.keep:
            case "all":
                return "nothing"
            case "none":
                return "end"
        return "user"

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the thinking that the model is shown, or is to write."""
        history = asked.history(items)
        first = self._first(items[:history])
        return [
            self._one(
                item,
                kept=at >= first,
                fills=self._fills(items, at, first),
                untouched=asked.keep_history or at >= history,
            )
            if item.message.role == "assistant"
            else item
            for at, item in enumerate(items)
            if at >= first or asked.keep_history or not _is_thinking(item.message)
        ]

    def _first(self, items: list[Item]) -> int:
        """The index of the first that keeps its thinking."""
        match self.keep:
            case "all":
                return 0
            case "none":
                return len(items)
            case "after_last_user":
                return last_of(items, ["user"])
        answers = [at for at, item in enumerate(items) if _is_answer(item.message)]
        return answers[-1] + 1 if answers else 0

    def _fills(self, items: list[Item], at: int, first: int) -> bool:
        """Whether an answer gets empty thinking if it has none."""
        if not self.after_results and at and items[at - 1].message.role == "tool":
            return False
        return self.empty == "all" or (self.empty == "kept" and at >= first)

    def _one(self, item: Item, *, kept: bool, fills: bool, untouched: bool) -> Item:
        message = item.message
        reasoning, content = message.reasoning, message.content
        if reasoning is not None and not untouched:
            if not self.blank and not reasoning.strip():
                reasoning = None
            elif not kept:
                reasoning = self.dropped
                content = content if message.tool_calls else self.leaves + content
        if reasoning is None and fills:
            reasoning = ""
        is_same = (reasoning, content) == (message.reasoning, message.content)
        return item if is_same else item.update(reasoning=reasoning, content=content)


def _is_answer(message: Message) -> bool:
    if message.role != "assistant" or message.tool_calls or message.recipient is not None:
        return False
    return message.channel in (None, "final")


def _is_thinking(message: Message) -> bool:
    is_call = message.tool_calls or message.recipient is not None
    return message.role == "assistant" and message.channel == "analysis" and not is_call
