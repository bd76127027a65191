"""Moves the reader past a fence that is complete in a field, and closes all other ways there."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from chatfmt.line.place import Move

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.line.characters import Characters
    from chatfmt.line.graph import Guard
    from chatfmt.line.place import Part, Place

__all__ = ["Commits"]

_Route: TypeAlias = "list[dict[int, tuple[str | None, int]]]"
"""For each letter of a fence, its places; with what has begun on the way, and how many letters ago.
"""


class Commits:
    """The fences of the fields of a machine whose places are ``all``."""

    def __init__(self, all: list[Place], characters: Characters) -> None:
        self.all = all
        self._characters = characters

    def commit(self, guards: Sequence[Guard]) -> None:
        """Lead from where a fence is complete to the place after it, instead of letter by letter.

        The places of its letters are copied for each field, because elsewhere the same text may
        not be a fence, such as before the first item of a list.
        """
        routes = [[self._route(f, g.places[0]) for f in g.words.fences] for g in guards]
        parts = [self.all[guard.places[0]].meaning.part for guard in guards]
        copied = [self._copied(*of) for of in zip(routes, parts, strict=True)]
        fields = zip(guards, routes, copied, self._entering(guards), strict=True)
        for guard, some, (inner, last), sources in fields:
            entered = {
                i: {move.target for move in self.all[i].moves} & last.keys()
                for i in (*sources, *guard.places.values(), *inner.values())
            }
            for index in entered:
                self._reroute(self.all[index], inner, last)
            for fence, route in zip(guard.words.fences, some, strict=True):
                kind, back = self._characters.kind(fence[-1]), len(fence) - 1
                ends = [(last[place], True, back, since) for place, (_, since) in route[-1].items()]
                for state, index in guard.places.items():
                    if guard.words.completes(state, fence):
                        moves = (Move(kind, *end) for end in ends)
                        self.all[index].moves += moves
                if not back:
                    for index in sources:
                        empty = (last[place] for place in route[-1] if place in entered[index])
                        self.all[index].moves += (Move(kind, end, enters=True) for end in empty)

    def _entering(self, guards: Sequence[Guard]) -> list[set[int]]:
        """For each field, the places after which it begins."""
        field_of = {place: i for i, guard in enumerate(guards) for place in guard.places.values()}
        found: list[set[int]] = [set() for _ in guards]
        for place in self.all:
            for move in place.moves:
                field = field_of.get(move.target)
                if field is not None and field != field_of.get(place.index):
                    found[field].add(place.index)
        return found

    def _route(self, fence: str, begin: int) -> _Route:
        """The places of each letter of a fence, with what begins on the way to them."""
        route: _Route = []
        at: dict[int, tuple[str | None, int]] = {begin: (None, 0)}
        for letter in fence:
            at = {
                move.target: (opens, since + 1)
                if opens
                else (self.all[move.target].meaning.opens, 0)
                for place, (opens, since) in at.items()
                for move in self.all[place].moves
                if self.all[move.target].letter == letter
            }
            route.append(at)
        return route

    def _copied(self, routes: list[_Route], part: Part) -> tuple[dict[int, int], dict[int, int]]:
        """Copies of the places of a field's fences: of all letters but the last, and of the last.

        If they begin a call, they count to the field's part, because they end the field.
        """
        inner: dict[int, int] = {}
        last: dict[int, int] = {}
        for route in routes:
            for at in route:
                found = last if at is route[-1] else inner
                for place, (opens, _) in at.items():
                    if place not in found:
                        twin = found[place] = len(self.all)
                        self.all.append(self.all[place].twin(twin))
                        meaning = self.all[place].meaning
                        if meaning.part == "calls":
                            meaning = meaning._replace(part=part)
                        if found is last:
                            meaning = meaning._replace(opens=opens)
                        self.all[twin].meaning = meaning
        return inner, last

    @staticmethod
    def _reroute(place: Place, inner: Mapping[int, int], last: Mapping[int, int]) -> None:
        """Lead through the copies, and no further than to the last letter."""
        place.moves = [
            move._replace(target=inner.get(move.target, move.target))
            for move in place.moves
            if move.target not in last
        ]
