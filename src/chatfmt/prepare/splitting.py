"""Thinking and calls of an answer as messages of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chatfmt.conversation.harmony import split_each_for_harmony
from chatfmt.errors import DataError
from chatfmt.prepare.word import Word

if TYPE_CHECKING:
    from chatfmt.prepare.items import Asked, Item

__all__ = ["Split"]


class Split(Word):
    """Each answer becomes the messages that harmony has for it, each result is of a function."""

    word: Literal["split"] = "split"

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages, of which the first that an answer becomes is known by its key."""
        try:
            split = split_each_for_harmony(item.message for item in items)
        except DataError as error:
            where, _, field = str(error.field).rpartition("].")
            asked.refuse(error.reason, items[int(where.removeprefix("messages["))], field)
        made: list[Item] = []
        for item, (first, *others) in zip(items, split, strict=True):
            made.append(item._replace(message=first))
            made += [asked.add(other)._replace(part_of=item.key) for other in others]
        return made
