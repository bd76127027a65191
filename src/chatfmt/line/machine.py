"""The machine of a format, which writers are held to and readers walk.

A *place* is the meaning of a symbol: the character or special token that leads to it belongs to
this field or literal, of this part, of a line for these roles. If the reader must choose between
the text of a field and literal text that only leads to more text, only that text can decide: so the
field never contains it (see `chatfmt.line.fences`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chatfmt.line.build import Builder
from chatfmt.line.characters import Characters
from chatfmt.line.commit import Commits
from chatfmt.line.fences import needed, words_of
from chatfmt.line.language import Literal, flat
from chatfmt.line.place import Move

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.build import Layout
    from chatfmt.line.graph import Words
    from chatfmt.line.language import Piece
    from chatfmt.line.words import Word

__all__ = ["Machine", "build_machine"]


def build_machine(layout: Layout) -> Machine:
    """The machine of these lines. Words may require further words, so they are derived repeatedly.

    Raises:
        FormatError: the lines are too long, or a fence is.
    """
    characters = Characters(_literals(layout))
    words: Words = {}
    while True:
        machine = Machine(Builder(layout, words, characters), words)
        more = {
            key: needed([*words.get(key, ()), *some])
            for key, some in {
                **words,
                **words_of(machine.all, layout.fences, layout.where),
            }.items()
        }
        if more == words:
            return machine
        words = more


def _literals(layout: Layout) -> Iterator[str]:
    pieces: list[Piece] = [*layout.prologue]
    for line in layout.lines:
        pieces += [*line.pieces, Literal(line.tail)]
    for envelope in layout.envelopes.values():
        pieces += [*envelope.open, *envelope.each, *envelope.sep, *envelope.close]
    for piece in flat(pieces):
        if isinstance(piece, Literal):
            yield piece.text


class Machine:
    """The places, trimmed: every move leads to a place from which the input can end validly."""

    def __init__(self, built: Builder, words: Words) -> None:
        self.all = built.all
        self.characters = built.characters
        self.start = built.start
        """Where a conversation begins."""
        self.where = built.where
        self.between = built.anywhere
        """Where a message may begin if it is not known what comes before it."""
        self.after: dict[str | None, int] = {None: built.first}
        """Where a message may begin: after a message of a role, or at the start."""
        self.after.update(built.after)
        self.is_placed = built.is_placed
        """Whether a line is allowed only after certain messages."""
        self._words = words
        self._unheld: dict[int, int] = {}
        self._fold()
        Commits(self.all, self.characters).commit([*built.guards.values()])
        for guard in built.guards.values():
            for place in guard.places.values():
                self._unheld[place] = guard.places[0]
        self._trim()

    def _fold(self) -> None:
        """Fold moves without a symbol into the other moves."""
        closures = [self._closure(place.index) for place in self.all]
        folded = []
        for closure in closures:
            moves = [move for node in closure for move in self.all[node].moves]
            specials: dict[str, list[int]] = {}
            for node in closure:
                for spelling, targets in self.all[node].specials.items():
                    specials.setdefault(spelling, []).extend(targets)
            folded.append((moves, specials, any(self.all[node].accepts for node in closure)))
        for place, (moves, specials, accepts) in zip(self.all, folded, strict=True):
            place.moves = list(dict.fromkeys(moves))
            place.specials = {spelling: [*dict.fromkeys(t)] for spelling, t in specials.items()}
            place.accepts = accepts
            stays = Move(self.characters.every, place.index, enters=False)
            place.plain = place.is_free and place.moves == [stays]
            place.free = any(self.all[move.target].is_free for move in place.moves)

    def _closure(self, node: int) -> list[int]:
        found = [node]
        for reached in found:
            found += [n for n in self.all[reached].silent if n not in found]
        return found

    def _trim(self) -> None:
        """Remove every move to a place from which the input could never end validly."""
        before: list[list[int]] = [[] for _ in self.all]
        for place in self.all:
            for move in place.moves:
                before[move.target].append(place.index)
            for target in (t for targets in place.specials.values() for t in targets):
                before[target].append(place.index)
        alive = {place.index for place in self.all if place.accepts}
        todo = [*alive]
        while todo:
            for source in before[todo.pop()]:
                if source not in alive:
                    alive.add(source)
                    todo.append(source)
        for place in self.all:
            place.moves = [move for move in place.moves if move.target in alive]
            kept = {s: [t for t in targets if t in alive] for s, targets in place.specials.items()}
            place.specials = {spelling: targets for spelling, targets in kept.items() if targets}

    # -- what others ask ------------------------------------------------------------------------

    def missing(self, index: int) -> list[str | bytes]:
        """The rest of a prologue or tail at a place: special tokens, and text as bytes."""
        left: list[str | bytes] = []
        while True:
            place = self.all[index]
            following = [*place.specials.items()] + [(None, [m.target]) for m in place.moves]
            if len(following) != 1 or len(following[0][1]) != 1:
                return left
            [(spelling, [index])] = following
            if self.all[index].meaning.part not in ("prologue", "tail"):
                return left
            if spelling is not None:
                left.append(spelling)
            elif left and isinstance(left[-1], bytes):
                left[-1] += self.all[index].letter.encode()
            else:
                left.append(self.all[index].letter.encode())

    @property
    def fences(self) -> list[tuple[str, str]]:
        """Fields of free text, each with a text that it never contains (``^``: begins with)."""
        return [
            (field, "^" * word.begins + word.text)
            for (field, _), words in self._words.items()
            for word in words
            if not word.ends
        ]

    def words_of(self, role: str) -> dict[str, Sequence[Word]]:
        """The fields of a role's lines that never contain some words, and these words."""
        return {field: words for (field, roles), words in self._words.items() if role in roles}

    def takes_any_content(self, role: str) -> bool:
        """Whether any text at all can be the content of a role, spelled unchanged.

        Then everything up to a special token that ends the message is content, because no text has
        two readings.
        """
        content = (p for p in self.all if p.meaning.field == "content" and role in p.roles)
        return "content" not in self.words_of(role) and all(p.scanner is None for p in content)

    @cached_property
    def end_spellings(self) -> frozenset[str]:
        """The special tokens that end messages."""
        return frozenset(self._ends)

    @cached_property
    def _ends(self) -> dict[str, list[int]]:
        """The special tokens that end messages, and where they lead."""
        found: dict[str, list[int]] = {}
        for place in self.all:
            for spelling, targets in place.specials.items():
                found.setdefault(spelling, []).extend(
                    t for t in targets if self.all[t].meaning.part == "end"
                )
        return {spelling: targets for spelling, targets in found.items() if targets}

    def end_place(self, spelling: str, role: str) -> int | None:
        """The place after a message of a role that this token has ended."""
        ends = self._ends.get(spelling, [])
        return next((end for end in ends if role in self.all[end].roles), None)

    def unheld(self, index: int) -> int:
        """The place of the same field at which nothing is held back."""
        return self._unheld.get(index, index)
