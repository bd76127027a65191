"""Whether a text can be read in two ways: an exact test, made when a format is defined.

The ways to read a run of text are the paths of a nondeterministic automaton with one state for
each place in the template. Two different readings of one text are two different paths over it,
so the automaton is run against itself, and a pair of paths that part and both arrive is a proof,
with the text as its witness. Characters are tried by representatives: field alphabets tell only
ASCII characters, white space and literal characters apart.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

import regex

from oracle.template import Field, Group, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oracle.template import Alphabet, Piece

__all__ = ["Automaton"]

Symbols: TypeAlias = frozenset[str]

_WHITE = "\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"
_ASCII = [chr(i) for i in range(128)]
_OTHER = "\u4e2d"


def _plainest(symbol: str) -> tuple[bool, str]:
    return not symbol.isalpha(), symbol


class Automaton:
    """Readings of the text up to and including the special token that closes it.

    A symbol is a character or the spelling of a special token. State 0 is the start, state 1
    the end of every reading.
    """

    def __init__(self, literals: Iterable[str]) -> None:
        self.characters = [*dict.fromkeys([*_ASCII, *_WHITE, _OTHER, *"".join(literals)])]
        self.edges: list[list[tuple[Symbols, int]]] = [[], []]
        self._classes: dict[str, Symbols] = {}

    def state(self, symbols: Symbols, sources: Iterable[int]) -> int:
        """A new state that is reached from each of ``sources`` by any of ``symbols``."""
        self.edges.append([])
        new = len(self.edges) - 1
        self.join(symbols, sources, new)
        return new

    def join(self, symbols: Symbols, sources: Iterable[int], target: int = 1) -> None:
        """Lead each of ``sources`` to ``target`` by any of ``symbols``."""
        for source in sources:
            self.edges[source].append((symbols, target))

    def follow(self, pieces: Sequence[Piece], sources: set[int]) -> set[int]:
        """Add header pieces behind ``sources``; the states in which they are complete."""
        for piece in pieces:
            if isinstance(piece, Literal):
                for char in piece.text:
                    sources = {self.state(frozenset(char), sources)}
            elif isinstance(piece, Group):
                sources = sources | self.follow(piece.pieces, sources)
            elif isinstance(piece, Field) and piece.alphabet is not None:
                sources = self._value(piece.alphabet, sources)
        return sources

    def _value(self, alphabet: Alphabet, sources: set[int]) -> set[int]:
        rest = self._class(alphabet.rest)
        first = self.state(self._class(alphabet.first), sources)
        more = self.state(rest, [first])
        self.join(rest, [more], more)
        return {first, more}

    def any_text(self, sources: set[int]) -> int:
        """A state that is reached from ``sources`` by any text but the empty one."""
        every = frozenset(self.characters)
        more = self.state(every, sources)
        self.join(every, [more], more)
        return more

    def _class(self, pattern: str) -> Symbols:
        if pattern not in self._classes:
            matches = regex.compile(pattern, regex.V1).match
            self._classes[pattern] = frozenset(filter(matches, self.characters))
        return self._classes[pattern]

    def witness(self) -> str | None:
        """A text with two readings, or None where each text has at most one."""
        start = (0, 0, False)
        came_from: dict[tuple[int, int, bool], tuple[tuple[int, int, bool], str]] = {}
        seen, queue = {start}, deque([start])
        while queue:
            pair = queue.popleft()
            if pair == (1, 1, True):
                text = ""
                while pair != start:
                    pair, symbol = came_from[pair]
                    text = symbol + text
                return text
            left, right, parted = pair
            for i, (one, to_left) in enumerate(self.edges[left]):
                for j, (other, to_right) in enumerate(self.edges[right]):
                    following = (to_left, to_right, parted or i != j)
                    if (common := one & other) and following not in seen:
                        seen.add(following)
                        came_from[following] = pair, min(common, key=_plainest)
                        queue.append(following)
        return None
