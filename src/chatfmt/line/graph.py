"""A growing graph of places, in which the same symbol after the same places leads to one place.

Places with the same sources, symbol and meaning are one. So the lines of a role share their common
parts, and a reader nearly always follows a single thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from chatfmt.errors import FormatError
from chatfmt.line.place import Meaning, Move, Place
from chatfmt.line.words import ExcludedWords, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.line.characters import Characters

__all__ = ["MOST_PLACES", "Graph", "Guard", "Kinds", "Sources", "Words"]

MOST_PLACES = 16_384
"""The limit for the size of the graph before lines are refused, in about as many characters of
literal text. The largest row of the table has an eighth of it."""

Sources = frozenset[int]

Words: TypeAlias = "Mapping[tuple[str, tuple[str, ...]], Sequence[Word]]"
"""By field and roles of the line, the words that the field never contains."""


class Kinds(NamedTuple):
    """The characters of a field: one of ``first``, then any number of ``rest``, ``most`` in all."""

    first: int
    rest: int
    most: int | None


class Guard(NamedTuple):
    """A field that never contains some words."""

    words: ExcludedWords
    places: dict[int, int]
    """State of the words to its place."""


class Graph:
    """The places, in ``all``.

    Raises:
        FormatError: there would be too many.
    """

    def __init__(self, where: str, words: Words, characters: Characters) -> None:
        self.all: list[Place] = []
        self.characters = characters
        self.where = where
        self._words = words
        self._known: dict[Any, int] = {}
        self.guards: dict[int, Guard] = {}

    def new(self, meaning: Meaning) -> int:
        """Add a place with this meaning, and return its index."""
        if len(self.all) == MOST_PLACES:
            raise FormatError(
                f"{self.where}: the lines are too long, or alike in too many ways, to be checked; "
                "shorten their literal text"
            )
        self.all.append(Place(len(self.all), meaning))
        return len(self.all) - 1

    def border(self, what: str | None) -> int:
        """Add a place with which ``what`` begins, and return its index."""
        node = self.new(Meaning("header"))
        self.all[node].border = what
        return node

    def silently(self, sources: Iterable[int], target: int) -> None:
        """Lead from these places to another without a symbol."""
        for source in sources:
            self.all[source].silent.append(target)

    def text(
        self, sources: Sources, meaning: Meaning, roles: tuple[str, ...], kinds: Kinds
    ) -> Sources:
        """The text of a field."""
        first, rest, most = kinds
        words = self._words.get((meaning.field or "", roles), ())
        if words:
            return self._guarded(sources, meaning, roles, kinds, tuple(words))
        begun = self.symbol(sources, first, meaning, roles, what=(meaning.field, rest))
        if most is None:
            for place in begun:
                self._add(place, Move(rest, place, enters=False))
            return begun
        inner = meaning._replace(opens=None)
        ends, last = begun, begun
        for _ in range(most - 1):
            last = self.symbol(last, rest, inner, roles, what=(meaning.field, rest), enters=False)
            ends |= last
        return ends

    def _guarded(
        self,
        sources: Sources,
        meaning: Meaning,
        roles: tuple[str, ...],
        kinds: Kinds,
        words: tuple[Word, ...],
    ) -> Sources:
        """The text of a field that never contains some words."""
        first, rest, most = kinds
        is_there = meaning.gives == meaning.field == "content"  # a group around it
        guard = ExcludedWords(words, self.characters, empty=not is_there)
        spots = [  # state, and number of characters, which is counted only if there is a limit
            (state, length)
            for state in guard.states
            for length in ((0,) if most is None else guard.lengths(state, most))
        ]
        more = 0 if most is None else 1
        ends: set[int] = set()
        for opens, some in self._by_border(sources):
            key = (some, "guarded", meaning, opens, words, kinds)
            if key not in self._known:
                self._known[key] = len(self.all)
                entered = meaning._replace(opens=opens)
                for state, _ in spots:
                    self.all[self.new(entered)].held = guard.held(state)
            begin = self._known[key]
            at = {spot: begin + i for i, spot in enumerate(spots)}
            if most is None:
                self.guards[begin] = Guard(
                    guard, {state: place for (state, _), place in at.items()}
                )
            for (state, length), place in at.items():
                self._belongs(place, roles)
                for those, following in guard.steps(state, rest):
                    if (target := at.get((following, length + more))) is not None:
                        self._add(place, Move(those, target, enters=False))
            for those, following in guard.steps(guard.begin, first):
                for source in some:
                    self._add(source, Move(those, at[following, more], enters=True))
            ends |= {place for (state, _), place in at.items() if guard.may_end(state)}
        return frozenset(ends)

    def symbol(
        self,
        sources: Sources,
        symbol: int | str,
        meaning: Meaning,
        roles: tuple[str, ...],
        *,
        what: object = None,
        enters: bool = True,
    ) -> Sources:
        """The places to which a symbol leads from ``sources``: one, or one for each border."""
        found: set[int] = set()
        for opens, some in self._by_border(sources):
            entered = meaning._replace(opens=opens)
            key = (some, symbol, entered, what)
            place = self._known.get(key)
            if place is None:
                place = self._known[key] = self.new(entered)
                for source in some:
                    if isinstance(symbol, str):
                        self.all[source].specials.setdefault(symbol, []).append(place)
                    else:
                        self._add(source, Move(symbol, place, enters))
            self._belongs(place, roles)
            found.add(place)
        return frozenset(found)

    def _belongs(self, place: int, roles: tuple[str, ...]) -> None:
        self.all[place].roles.update(roles)
        self.all[place].owners.add(roles)

    def _by_border(self, sources: Sources) -> list[tuple[str | None, Sources]]:
        groups: dict[str | None, set[int]] = {}
        for source in sorted(sources):
            groups.setdefault(self.all[source].border, set()).add(source)
        return [(border, frozenset(some)) for border, some in groups.items()]

    def _add(self, source: int, move: Move) -> None:
        if move not in self.all[source].moves:
            self.all[source].moves.append(move)
