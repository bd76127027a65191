"""The cheapest way on if no reading continues: a search over the places, with a memory.

A reader may skip text that the format writes there and a model left out. It may also take back
white space that began something which does not follow, and return to where that white space began:

====================================  ====
a character of white space            2
any other character of literal text   3
a special token that ends nothing     6
a field but the role, for a token     3
white space that was read, taken back 2
====================================  ====

The cheapest way of at most `MOST` to a place that takes the symbol is followed. Text never leads
past a special token into free text, nor into another call: there it would pass for something that
it is not. Nor does it lead into a header field after one that was broken off, because the two would
be joined. Past words of literal text, which no model leaves out by mistake, it leads only into free
text.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.place import FIRST_CALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place

__all__ = ["MOST", "Repairs", "Stand", "Way"]

MOST = 14
_WHITE, _LITERAL, _SPECIAL, _FIELD = 2, 3, 6, 3
_MOST_KNOWN = 10_000


class Stand(NamedTuple):
    """Where a thread is, and how it got there."""

    place: int
    origin: int | None = None
    """The place of the last field or special token."""
    literal: str = ""
    """The literal text read since."""
    closed: bool = False
    """Whether the field there takes no more text."""


class Way(NamedTuple):
    """A way on."""

    thread: int
    """The thread that it continues."""
    place: int
    """The place from which the symbol is taken."""
    closed: bool
    """Whether it continues from a field that takes no more text."""
    taken_back: str
    """White space that was read as the beginning of something that does not follow."""
    skipped: tuple[tuple[int, str], ...] = ()
    """The skipped places, and the spelling of the symbols that lead to each."""
    begins: bool = False
    """Whether it skips the token with which a message begins."""
    past_special: bool = False
    """Whether it skips a special token."""

    @property
    def spelling(self) -> str:
        """The skipped symbols, as the format spells them."""
        return "".join(spelling for _, spelling in self.skipped)


class Repairs:
    """Ways on, for one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._before: dict[int, list[int]] = {}
        """Place of literal text to the places before it."""
        for place in machine.all:
            for move in place.moves:
                if machine.all[move.target].letter:
                    self._before.setdefault(move.target, []).append(place.index)
        self._known: dict[tuple[tuple[Stand, ...], str, bool], Way | None] = {}

    def find(self, stands: tuple[Stand, ...], symbol: str, *, broken: bool = False) -> Way | None:
        """The cheapest way to a place that takes a character, or a special token.

        In a broken call literal text costs nothing, because the call is lost in any case.
        """
        key = tuple(map(self._needed, stands)), symbol, broken
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._search(*key)
        return self._known[key]

    def beginning(self, stand: Stand) -> int:
        """The place at which the literal text that led to this one began."""
        place = self._machine.all[stand.place]
        while place.letter and not place.meaning.opens:
            earlier = [*self._earlier(stand), *self._skipped_before(stand)]
            if not earlier:
                break
            stand = earlier[0]
            place = self._machine.all[stand.place]
        return stand.place

    def later_in_calls(self, start: int, symbol: str) -> int | None:
        """The nearest place in or after the calls of a message that takes a special token.

        Everything before it is skipped; this never leads out of a message.
        """
        todo, seen = [start], {start}
        for index in todo:
            place = self._machine.all[index]
            if any(self._is_inside(target) for target in place.specials.get(symbol, ())):
                return index
            targets = [move.target for move in place.moves]
            targets += [target for found in place.specials.values() for target in found]
            fresh = [target for target in targets if self._is_inside(target) and target not in seen]
            seen.update(fresh)
            todo += fresh
        return None

    def _is_inside(self, place: int) -> bool:
        meaning = self._machine.all[place].meaning
        return meaning.part not in ("end", "tail") and meaning.opens not in ("message", FIRST_CALL)

    def _needed(self, stand: Stand) -> Stand:
        """The part of it that matters to a search."""
        return stand if self._is_white(stand.place) else Stand(stand.place, closed=stand.closed)

    def _is_white(self, place: int) -> bool:
        return self._machine.all[place].letter.isspace()

    def _search(self, stands: tuple[Stand, ...], symbol: str, broken: bool) -> Way | None:  # noqa: FBT001 - the key
        heap: list[tuple[int, int, Way]] = []
        for thread, stand in enumerate(stands):
            for at, text in self._taken_back(stand):
                way = Way(thread, at, stand.closed or bool(text), text)
                heap.append((len(text) * _WHITE, len(heap), way))
        heapq.heapify(heap)
        seen: set[int] = set()
        count = len(heap)
        while heap:
            cost, _, way = heapq.heappop(heap)
            if way.place in seen:
                continue
            seen.add(way.place)
            place = self._machine.all[way.place]
            # its scanner has seen the symbol
            refused = not cost and not broken and place.scanner is not None
            if not refused and self._takes(place, symbol, way):
                return way
            for full, target, skipped in self._skips(place, symbol, way):
                price = 0 if broken and self._machine.all[target].letter else full
                if cost + price <= MOST:
                    count += 1
                    begins = way.begins or (
                        price == _SPECIAL
                        and self._machine.all[target].meaning.opens in ("message", FIRST_CALL)
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

    def _taken_back(self, stand: Stand, text: str = "") -> Iterator[tuple[int, str]]:
        """A place, and those at which the white space that led to it began."""
        yield stand.place, text
        place = self._machine.all[stand.place]
        if not self._is_white(place.index) or place.meaning.opens or not stand.literal:
            return
        if len(text) * _WHITE < MOST:
            for earlier in self._earlier(stand):
                yield from self._taken_back(earlier, place.letter + text)

    def _earlier(self, stand: Stand) -> Iterator[Stand]:
        """The places before the last character of literal text."""
        for before in self._before.get(stand.place, ()):
            earlier = stand._replace(place=before, literal=stand.literal[:-1])
            if self._has_read(earlier):
                yield earlier

    def _skipped_before(self, stand: Stand) -> Iterator[Stand]:
        """The skipped literal text before it, if it has read none."""
        for before in self._before.get(stand.place, ()):
            if self._machine.all[before].letter and len(stand.literal) <= 1:
                yield stand._replace(place=before, literal="")

    def _has_read(self, stand: Stand) -> bool:
        """Whether it can be there, judging by the text read before."""
        place = self._machine.all[stand.place]
        if stand.literal:
            return place.letter == stand.literal[-1]
        if stand.origin is None or place.letter:
            return False
        field = place.meaning.field
        return place.index == stand.origin or (
            field is not None and field == self._machine.all[stand.origin].meaning.field
        )

    def _skips(self, place: Place, symbol: str, way: Way) -> list[tuple[int, int, str]]:
        """The symbols that may be skipped after a place: price, target and spelling."""
        skips: list[tuple[int, int, str]] = []
        if len(symbol) > 1:  # text would be taken for the text after the field
            skips += self._fields(place, way)
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

    def _fields(self, place: Place, way: Way) -> Iterator[tuple[int, int, str]]:
        """The missing fields of a message or a call that has begun."""
        if any(self._machine.all[skipped].meaning.opens for skipped, _ in way.skipped):
            return
        for move in place.moves:
            target = self._machine.all[move.target]
            field, is_free = target.meaning.field, target.is_free and target.scanner is None
            is_needed = move.enters and field not in (None, "role") and not is_free
            if is_needed and target.meaning.opens is None:
                yield _FIELD, move.target, f"{{{field}}}"

    def _takes(self, place: Place, symbol: str, way: Way) -> bool:
        if symbol in place.specials:
            return True
        if len(symbol) > 1:
            return False
        kind = self._machine.characters.kind(symbol)
        targets = [self._machine.all[m.target] for m in place.moves if m.characters & kind]
        if any(self._machine.all[place].letter.strip() for place, _ in way.skipped):
            targets = [t for t in targets if t.is_free]
        if way.past_special:
            if any(
                self._machine.all[skipped].meaning.opens == "call" for skipped, _ in way.skipped
            ):
                return False
            targets = [t for t in targets if t.letter or not t.is_free]
        if way.closed:
            targets = [t for t in targets if t.letter or t.is_free]
        return bool(targets)
