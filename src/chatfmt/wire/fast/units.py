"""Messages with calls, reasoning or definitions, and envelopes, read in one go.

A *unit* is a message, or all messages in one envelope. Its special tokens tell of which kind it
is, and what the writer writes between them where the texts of its fields are. It is read only if
the writer would write those very texts (`chatfmt.wire.plans.Plan.texts`): then the messages are
what `chatfmt.wire.read.parser.StreamParser` reads.
"""

from __future__ import annotations

import re
import sys
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from chatfmt.line.language import Next
from chatfmt.wire.fast.kinds import Kind
from chatfmt.wire.frame import Neighbours
from chatfmt.wire.kept import Kept
from chatfmt.wire.making import FrameMaker
from chatfmt.wire.plans import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.binding import Binding

__all__ = ["Units"]

_MOST_OF_A_KIND = 8
_SHORT = 4  # ids of a text that is likely to come again


class Units:
    """Reads units of the kinds that it has seen.

    Args:
        binding: format and encoding.
        decode: ids that are text to that text.
    """

    def __init__(self, binding: Binding, decode: Callable[[list[int]], str]) -> None:
        self._maker = FrameMaker(binding)
        self._format = binding.format
        self._decode = decode
        self._specials = re.compile(_any_of(binding.spellings))
        ends = (binding.ids[spelling] for spelling in binding.format.machine.end_spellings)
        self._ends = frozenset(chr(token) for token in ends if token <= sys.maxunicode)
        self.known: Kept[tuple[str, str | None], tuple[Kind, ...]] = Kept()
        self._short: Kept[tuple[int, ...], str] = Kept()
        # elsewhere a message is not written by what it is alone, or has no end of its own
        self._may_learn = not binding.format.placed and all(
            Next() not in pieces
            for pieces in (
                *(line.pieces for line in binding.format.lines),
                *(envelope.close for envelope in binding.format.envelopes.values()),
            )
        )

    def special_within(self, text: str, start: int, stop: int) -> bool:
        """Whether there is a special token between two positions of `searchable` ids."""
        return self._specials.search(text, start, stop) is not None

    def read(self, ids: list[int], text: str, at: int) -> tuple[list[Message], int] | None:
        """The messages of the unit that begins there, and where it ends; None if it is unknown.

        Args:
            ids: the ids.
            text: the same, `searchable`.
            at: where the unit begins.

        Raises:
            KeyError, ValueError: there are ids that are no text.
        """
        cuts = [at - 1]
        for match in self._specials.finditer(text, at):
            cuts.append(match.start())
            if match[0] in self._ends:
                break
        else:
            return None
        texts = [self._text(ids[a + 1 : b]) for a, b in pairwise(cuts)]
        signature = "".join([text[cut] for cut in cuts[1:]])
        for first in (texts[1] if len(texts) > 1 else "", None):
            for kind in self.known.known.get((signature, first), ()):
                stop = self._end_of_tail(kind, ids, text, cuts[-1] + 1)
                messages = None if stop is None else kind.read(texts)
                if messages is not None and stop is not None:
                    return messages, stop
        return None

    def _end_of_tail(self, kind: Kind, ids: list[int], text: str, at: int) -> int | None:
        """Where the tail ends that begins there, or is left out at the end; None if it is not."""
        if not kind.tail or (at == len(ids) and not kind.enveloped):
            return at
        after = self._specials.search(text, at)
        stop = len(ids) if after is None else after.start()
        return stop if self._text(ids[at:stop]) == kind.tail else None

    def _text(self, ids: list[int]) -> str:
        if len(ids) > _SHORT:
            return self._decode(ids)
        key = tuple(ids)
        found = self._short.known.get(key)
        if found is None:
            found = self._decode(ids)
            self._short.keep(key, found, len(ids) + len(found))
        return found

    def learn(self, messages: Sequence[Message], known: Collection[int]) -> None:
        """Take note of the kinds of messages that the parser has read one after another.

        Those with these indices are ``known`` otherwise.
        """
        if not self._may_learn:
            return
        for role, group in groupby(enumerate(messages), lambda pair: pair[1].role):
            run = [*group]
            if role in self._format.envelopes:
                self._learn([message for _, message in run], within=True)
                continue
            for index, message in run:
                if index not in known:
                    self._learn([message], within=False)

    def _learn(self, unit: Sequence[Message], *, within: bool) -> None:
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
            self.known.keep(kind.key, kept, sum(each.size for each in kept))


def _any_of(ids: Iterable[int]) -> str:
    """A pattern for any of these characters."""
    characters = (chr(token) for token in sorted(ids) if token <= sys.maxunicode)
    return f"[{''.join(map(re.escape, characters))}]"
