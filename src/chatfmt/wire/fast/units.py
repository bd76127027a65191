"""Messages with calls, reasoning or definitions, and envelopes, read in one go.

A *unit* is a message, or all messages in one envelope. Its special tokens show its kind, and the
text that the writer writes between them shows where the texts of its fields are. It is read only if
the writer would write exactly these texts (`chatfmt.wire.plans.Plan.texts`): then the messages are
those that `chatfmt.wire.read.parser.StreamParser` reads.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from chatfmt.line.choose import on_wire
from chatfmt.line.language import Next
from chatfmt.wire.fast.cuts import any_id
from chatfmt.wire.fast.kinds import Kind
from chatfmt.wire.frame import Neighbours
from chatfmt.wire.kept import Kept
from chatfmt.wire.making import FrameMaker
from chatfmt.wire.plans import make_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.binding import Binding

__all__ = ["Units"]

_MOST_OF_A_KIND = 8


class Units:
    """Reads units of the kinds that it has seen."""

    def __init__(self, binding: Binding) -> None:
        self._maker = FrameMaker(binding)
        self._format = binding.format
        ends = (binding.ids[spelling] for spelling in binding.format.machine.end_spellings)
        self._ends = re.compile(any_id(ends))
        self.known: Kept[tuple[str, str | None], tuple[Kind, ...]] = Kept()
        # in other formats a message is not written independently, or has no end of its own
        self._may_learn = not binding.format.placed and all(
            Next() not in pieces
            for pieces in (
                *(line.pieces for line in binding.format.lines),
                *(envelope.close for envelope in binding.format.envelopes.values()),
            )
        )

    def read(self, texts: list[str], specials: str) -> list[dict[str, Any]] | None:
        """The fields of all messages; None if a unit is of no known kind.

        The arguments are results of `chatfmt.wire.fast.cuts.Cutter.cut`.
        """
        messages: list[dict[str, Any]] = []
        first, last = 0, len(specials)
        for end in self._ends.finditer(specials):
            stop = end.end()
            signature = specials[first:stop]
            unit, left = self._unit(signature, texts[first:stop], texts[stop], is_last=stop == last)
            if unit is None:
                return None
            messages += unit
            first, texts[stop] = stop, left
        return None if first < last or texts[first] else messages

    def _unit(
        self, signature: str, texts: list[str], after: str, *, is_last: bool
    ) -> tuple[list[dict[str, Any]] | None, str]:
        """The fields of the messages of one unit, and the rest of the text after it.

        Args:
            signature: its special tokens.
            texts: the text before each.
            after: the text after the last.
            is_last: whether nothing follows that.
        """
        for begins in (texts[1] if len(texts) > 1 else "", None):
            for kind in self.known.known.get((signature, begins), ()):
                left_out = is_last and not after and not kind.enveloped
                if kind.tail and kind.tail != after and not left_out:
                    continue
                messages = kind.read(texts)
                if messages is not None:
                    return messages, "" if kind.tail else after
        return None, after

    def learn(self, messages: Sequence[Message]) -> None:
        """Remember the kinds of consecutive messages that the parser has read."""
        if not self._may_learn:
            return
        for role, group in groupby(messages, lambda message: message.role):
            if role in self._format.envelopes:
                self._learn([*group], within=True)
                continue
            for message in group:
                self._learn([message], within=False)

    def _learn(self, unit: Sequence[Message], *, within: bool) -> None:
        if any(on_wire(self._format.lines_of[each.role], each) != each for each in unit):
            return  # the writer would leave out something that the reader has found
        last = len(unit) - 1
        places = [Neighbours(at == 0, at == last) if within else None for at in range(last + 1)]
        made = (
            make_plan(self._maker, message, None, place, continued=False)
            for message, place in zip(unit, places, strict=True)
        )
        plans = [plan for plan in made if plan is not None]
        if len(plans) < len(unit):
            return
        kind = Kind.of(unit, plans, self._maker.binding)
        if kind is None:
            return
        known = self.known.known.get(kind.key, ())
        if all(kind.gaps != each.gaps or kind.shapes != each.shapes for each in known):
            kept = (*known, kind)[-_MOST_OF_A_KIND:]
            # first the kinds that can be ruled out quickly
            kept = tuple(sorted(kept, key=lambda each: len(each.filled)))
            self.known.keep(kind.key, kept, sum(each.size for each in kept))
