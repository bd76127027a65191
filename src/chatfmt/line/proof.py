"""Tests, when a format is made, whether a sequence of messages can be read in two ways.

Two readings of one sequence are two different ways through the places over the same symbols. So the
machine is run against itself: from every place that can be reached, each pair of different moves by
one symbol is followed in step. If the two ways meet again, or both end, the symbols on the way are
a sequence with two readings: the witness. The text of a scanner is taken to be any text that begins
and ends as its values do. So a format may be refused that has no such sequence, but none is
accepted that has one.

Where the model writes, a reader must know whose text it is, and of which field, as soon as free
text begins. So two ways that are in free text of different fields or roles at once are refused,
too.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chatfmt.errors import FormatError
from chatfmt.line.fields import FREE_TEXT

if TYPE_CHECKING:
    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place

__all__ = ["Witness", "find_witness", "untold_field"]

_Pair: TypeAlias = "tuple[int, int]"


_MOST_PAIRS = 16_384
"""How many pairs of places are compared; the largest row of the table has 1,194."""


class Witness(NamedTuple):
    """A text with two readings."""

    text: str
    late: bool
    """It has one reading in the end, but where free text begins no one can tell which."""
    first: Place
    second: Place
    """Where the two readings are when this is found."""


def find_witness(machine: Machine) -> Witness | None:
    """A text that can be read in two ways, or is distinguished too late; None if there is none.

    Raises:
        FormatError: too many pairs of places would have to be compared.
    """
    return _Search(machine).run()


def untold_field(machine: Machine) -> str | None:
    """A field of free text that lines of two roles share, so that no one can tell whose it is."""
    for place in machine.all:
        if place.meaning.field in FREE_TEXT and len(place.owners) > 1:
            return place.meaning.field
    return None


class _Search:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.first: dict[int, tuple[int, str] | None] = {machine.start: None}
        self.pairs: dict[_Pair, tuple[int | _Pair, str]] = {}
        self.queue: deque[_Pair] = deque()

    def run(self) -> Witness | None:
        met = self._part()
        late: _Pair | None = None
        while self.queue and met is None:
            pair = self.queue.popleft()
            one, other = (self.machine.all[index] for index in pair)
            if one.accepts and other.accepts:
                return self._witness(pair, *pair, "", late=False)
            if late is None and _late(one, other):
                late = pair
            met = self._step(one, other, pair)
        return met or (late and self._witness(late, *late, "", late=True))

    def _ways(self, place: Place, stays: int) -> list[tuple[int, int]]:
        """Kinds of characters and where they lead; a scanner continues by those of ``stays``."""
        ways = [(move.characters, move.target) for move in place.moves]
        return ways if place.scanner is None or not stays else [(stays, place.index), *ways]

    def _part(self) -> Witness | None:
        """Find every place that can be reached, and the pairs in which two readings separate."""
        characters = self.machine.characters
        queue = deque([self.machine.start])
        while queue:
            place = self.machine.all[queue.popleft()]
            # Readings separate only after a complete value, by what may follow or continue it.
            more = characters.kinds_of(place.scanner.more) if place.scanner else 0
            ways = self._ways(place, more)
            for i, (kinds, target) in enumerate(ways):
                self._reach(place.index, target, characters.plainest(kinds), queue)
                for others, another in ways[i + 1 :]:
                    if common := kinds & others:
                        symbol = characters.plainest(common)
                        if (met := self._add(place.index, target, another, symbol)) is not None:
                            return met
            for spelling, targets in place.specials.items():
                for i, target in enumerate(targets):
                    self._reach(place.index, target, spelling, queue)
                    for another in targets[i + 1 :]:
                        self._add(place.index, target, another, spelling)
        return None

    def _reach(self, place: int, target: int, symbol: str, queue: deque[int]) -> None:
        if target not in self.first:
            self.first[target] = place, symbol
            queue.append(target)

    def _step(self, one: Place, other: Place, pair: _Pair) -> Witness | None:
        every = self.machine.characters.every
        for kinds, target in self._ways(one, every):
            for others, another in self._ways(other, every):
                if common := kinds & others:
                    symbol = self.machine.characters.plainest(common)
                    if (found := self._add(pair, target, another, symbol)) is not None:
                        return found
        for spelling in sorted(one.specials.keys() & other.specials.keys()):
            for target in one.specials[spelling]:
                for another in other.specials[spelling]:
                    if (found := self._add(pair, target, another, spelling)) is not None:
                        return found
        return None

    def _add(self, came: int | _Pair, one: int, other: int, symbol: str) -> Witness | None:
        if one == other:
            return self._witness(came, one, other, symbol, late=False)
        pair = min(one, other), max(one, other)
        if pair not in self.pairs:
            if len(self.pairs) == _MOST_PAIRS:
                raise FormatError(
                    f"{self.machine.where}: literal text repeats itself, or that of another line, "
                    "so often that it takes too long to see whether it has one reading; shorten it"
                )
            self.pairs[pair] = came, symbol
            self.queue.append(pair)
        return None

    def _witness(
        self, came: int | _Pair, one: int, other: int, text: str, *, late: bool
    ) -> Witness:
        while isinstance(came, tuple):
            came, symbol = self.pairs[came]
            text = symbol + text
        while (before := self.first[came]) is not None:
            came, symbol = before
            text = symbol + text
        return Witness(text, late, self.machine.all[one], self.machine.all[other])


def _late(one: Place, other: Place) -> bool:
    """Whether one reading is in free text, and the other in a field that can be as long."""
    if not (one.meaning.generated or other.meaning.generated) or one.letter or other.letter:
        return False
    fields = one.meaning.field, other.meaning.field
    if None in fields or not any(field in FREE_TEXT for field in fields):
        return False
    return fields[0] != fields[1] or not one.roles & other.roles
