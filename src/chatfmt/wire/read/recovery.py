"""The cheapest way on from where no reading goes on: a search over the places, remembered.

From where a reader stands it may skip what the format writes there and a model left out, or take
back white space with which something began that does not follow:

====================================  ====
a character of white space            2
any other character of literal text   3
a special token that ends nothing     6
white space that was read, taken back 2
====================================  ====

The cheapest way of at most `MOST` to a place that takes the symbol is the one that is followed.
Text never leads past a special token into free text: there it would pass for something that it is
not.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.fields import FREE_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place

__all__ = ["MOST", "Repairs", "Way"]

MOST = 14
_WHITE, _LITERAL, _SPECIAL = 2, 3, 6
_MOST_KNOWN = 10_000


class Way(NamedTuple):
    """A way on."""

    thread: int
    """Which of the threads it goes on from."""
    place: int
    """From where the symbol is taken."""
    begins: bool
    """Whether it skips the token with which a message begins."""
    past_special: bool
    """Whether it skips a special token."""
    taken_back: str
    """White space that was read as the beginning of something that does not follow."""
    skipped: tuple[tuple[int, str], ...]
    """The places that were skipped, and what leads to each, as the format spells it."""

    @property
    def spelling(self) -> str:
        """What was skipped, as the format spells it."""
        return "".join(spelling for _, spelling in self.skipped)


class Repairs:
    """Ways on, for one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._before: dict[int, list[int]] = {}
        """Place of literal white space to the places before it."""
        for place in machine.all:
            for move in place.moves:
                if machine.all[move.target].letter.isspace():
                    self._before.setdefault(move.target, []).append(place.index)
        self._known: dict[tuple[tuple[int, ...], str], Way | None] = {}

    def find(self, threads: tuple[int, ...], symbol: str) -> Way | None:
        """The cheapest way to a place that takes a character, or a special token."""
        key = threads, symbol
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._search(threads, symbol)
        return self._known[key]

    def _search(self, threads: tuple[int, ...], symbol: str) -> Way | None:
        heap: list[tuple[int, int, Way]] = []
        for thread, index in enumerate(threads):
            for cost, at, text in self._taken_back(index):
                way = Way(thread, at, begins=False, past_special=False, taken_back=text, skipped=())
                heap.append((cost, len(heap), way))
        heapq.heapify(heap)
        seen: set[int] = set()
        count = len(heap)
        while heap:
            cost, _, way = heapq.heappop(heap)
            if way.place in seen:
                continue
            seen.add(way.place)
            place = self._machine.all[way.place]
            stands = cost or place.scanner is None
            if stands and self._takes(place, symbol, past_special=way.past_special):
                return way
            for price, target, skipped in self._skips(place):
                if cost + price <= MOST:
                    count += 1
                    begins = way.begins or (
                        price == _SPECIAL and self._machine.all[target].meaning.opens == "message"
                    )
                    past = way.past_special or price == _SPECIAL
                    new = way._replace(
                        place=target,
                        begins=begins,
                        past_special=past,
                        skipped=(*way.skipped, (target, skipped)),
                    )
                    heapq.heappush(heap, (cost + price, count, new))
        return None

    def _taken_back(
        self, place: int, cost: int = 0, text: str = ""
    ) -> Iterator[tuple[int, int, str]]:
        """A place, and those at which white space began that leads to it; each with its cost."""
        yield cost, place, text
        for before in self._before.get(place, ()) if cost < MOST else ():
            letter = self._machine.all[place].letter
            yield from self._taken_back(before, cost + _WHITE, letter + text)

    def _skips(self, place: Place) -> list[tuple[int, int, str]]:
        """What may be skipped after a place: its price, where it leads, how it is spelled."""
        skips = []
        for move in place.moves:
            target = self._machine.all[move.target]
            if target.letter:
                price = _WHITE if target.letter.isspace() else _LITERAL
                skips.append((price, move.target, target.letter))
        skips += (
            (_SPECIAL, index, spelling)
            for spelling, targets in place.specials.items()
            for index in targets
            if self._machine.all[index].meaning.part != "end"
        )
        return skips

    def _takes(self, place: Place, symbol: str, *, past_special: bool) -> bool:
        if symbol in place.specials:
            return True
        if len(symbol) > 1:
            return False
        kind = self._machine.characters.kind(symbol)
        targets = [self._machine.all[m.target] for m in place.moves if m.characters & kind]
        if past_special:
            targets = [t for t in targets if t.letter or t.meaning.field not in FREE_TEXT]
        return bool(targets)
