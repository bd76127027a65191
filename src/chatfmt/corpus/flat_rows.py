"""Rows by the flat path of `chatfmt.training.flat`, where it does what the options ask for.

A row of OpenAI's schema whose messages are roles and texts is laid out as it was read, without an
object for a message; any other is laid out from the conversation that it gives. What is not laid
out here, or comes back as None, is for the plain path, which also says what is wrong with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.adapters import Preference, detect
from chatfmt.adapters.openai import TALKING
from chatfmt.adapters.thinking import find_inline
from chatfmt.adapters.whole import CLAIMED, LABELS
from chatfmt.conversation.plain import plain_turns
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.adapters import Item, Source
    from chatfmt.corpus.options import EncodeOptions
    from chatfmt.training.flat import FlatExample
    from chatfmt.training.shapes import Laid

__all__ = ["FlatRows"]

_SCHEMA = "openai"
_OWN = frozenset({*CLAIMED, *LABELS, "path"})
"""Members of a row that change what becomes of it, beside its messages."""
_SAYABLE = {None, 0.0, 1.0}
"""Weights of messages that labels can say."""


class FlatRows:
    """What is laid out, for the options of a run."""

    def __init__(self, options: EncodeOptions) -> None:
        self._options = options
        self._encoder = options.tokenizer._flat_encoder(
            train_on=options.train_on, train_end=options.train_end, weights=options.weights
        )
        self._takes_one = (
            options.kind == "conversations" and options.turns == "whole" and options.prepare is None
        )
        self._takes_plain = self._takes_one and options.special_text == "text"
        self._ours: dict[tuple[str, ...], bool] = {}
        """Whether rows with these members are OpenAI's, and say no more than their messages."""

    def plain(self, source: Source, row: dict[str, Any]) -> Laid | None:
        """A row whose messages are roles and texts, and which is to be taken as it is."""
        policies = source.options
        if (
            not self._takes_plain
            or policies.system is not None
            or policies.roles
            or source.weight != 1
            or not self._is_ours(source, row)
        ):
            return None
        found = plain_turns(row["messages"])
        if found is None or not TALKING.issuperset(found[0]):
            return None
        if policies.inline_thinking in ("read", "refuse") and _thinks(*found):
            return None
        return self._encoder.plain(*found)

    def _is_ours(self, source: Source, row: dict[str, Any]) -> bool:
        if source.schema_name not in (None, _SCHEMA) or None in row.values():
            return False  # null counts as absent: then the members do not tell the schema
        members = tuple(row)
        known = self._ours.get(members)
        if known is None:
            known = "messages" in row and _OWN.isdisjoint(row) and _schema(row) == _SCHEMA
            self._ours[members] = known
        return known

    def items(self, items: list[Item]) -> Laid | None:
        """What a row gives, where that is one conversation that is to be taken as it is."""
        options = self._options
        if not self._takes_one or len(items) != 1:
            return None
        [item] = items
        if isinstance(item, Preference):
            return None
        if not options.weights and any(message.weight not in _SAYABLE for message in item.messages):
            return None
        return self._encoder.conversation(item)

    def encode(self, laid: Iterable[Laid | None]) -> Iterator[FlatExample | None]:
        """The examples, of which none is too long, and none without a label but where it may be."""
        longest, allowed = self._options.max_tokens, self._options.allow_untrained
        for example in self._encoder.encode(laid):
            fits = example and (longest is None or example.tokens <= longest)
            yield example if example and fits and (example.is_trained or allowed) else None


def _thinks(roles: tuple[str, ...], texts: list[str]) -> bool:
    """Whether thinking stands inline in the text of an answer."""
    both = zip(roles, texts, strict=True)
    return any(role == "assistant" and find_inline(text) is not None for role, text in both)


def _schema(row: dict[str, Any]) -> str | None:
    try:
        return detect(row)
    except DataError:
        return None
