"""Kinds of characters, as far as a format can distinguish them.

Field alphabets distinguish only ASCII characters, white space and the characters of literal text.
So one character stands for all others of its kind. A set of kinds is an integer with a bit for
each, so that ``|`` and ``&`` give unions and intersections.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Characters"]

_ASCII = [chr(i) for i in range(128)]
_WHITE = "\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"
_WHITE_OF_ITS_KIND = "".join(map(chr, range(0x2000, 0x200B)))
_SEVERAL_BYTES = range(0x80, 0xD800), range(0xE000, 0x11_0000)  # without surrogates
_ANY_WHITE, _ANY_OTHER = "\xa0", "\u4e2d"


class Characters:
    """The kinds that a format with these literal texts can distinguish.

    >>> kinds = Characters(["é"])
    >>> kinds.kind("x") & kinds.kinds("[a-z]") != 0
    True
    >>> kinds.kind("\u4e2d") == kinds.kind("\u6587"), kinds.kind("é") == kinds.kind("è")
    (True, False)
    """

    def __init__(self, literals: Iterable[str]) -> None:
        self._all = [*dict.fromkeys([*_ASCII, *_WHITE, _ANY_OTHER, *"".join(literals)])]
        self._kinds = {character: 1 << i for i, character in enumerate(self._all)}
        self._white, self._other = self._kinds[_ANY_WHITE], self._kinds[_ANY_OTHER]
        self._patterns: dict[str, int] = {}
        self._begun: dict[bytes, str] = {}
        self.every = (1 << len(self._all)) - 1
        """All kinds."""

    def each(self) -> Iterable[tuple[str, int]]:
        """Of each kind a character, and the kind."""
        return self._kinds.items()

    def kind(self, character: str) -> int:
        """The kind of a character."""
        found = self._kinds.get(character)
        if found is None:
            found = self._white if character.isspace() else self._other
        return found

    def kinds_of(self, characters: Iterable[str]) -> int:
        """The kinds of some characters."""
        found = 0
        for character in characters:
            found |= self.kind(character)
        return found

    def kinds(self, pattern: str) -> int:
        """The kinds in a character class of the `regex` library."""
        if pattern not in self._patterns:
            matches = regex.compile(pattern, regex.V1).fullmatch
            self._patterns[pattern] = self.kinds_of("".join(filter(matches, self._all)))
        return self._patterns[pattern]

    def begun_by(self, data: bytes) -> str:
        r"""For each kind, a character whose UTF-8 begins with these bytes and continues after them.

        >>> Characters(["é"]).begun_by(b"\xc3")
        'éÀ'
        """
        if data not in self._begun:
            named = chain(self._all, _WHITE_OF_ITS_KIND)
            begun = [
                c for c in named if len(c.encode()) > len(data) and c.encode().startswith(data)
            ]
            begun += islice((c for c in _all_begun_by(data) if self.kind(c) == self._other), 1)
            self._begun[data] = "".join({self.kind(c): c for c in begun}.values())
        return self._begun[data]

    def plainest(self, kinds: int) -> str:
        """A character of one of these kinds for error messages: a letter if there is one."""
        some: list[str] = [c for c in self._all if self._kinds[c] & kinds]
        return min(some, key=_plainness)


def _all_begun_by(data: bytes) -> Iterator[str]:
    """Every character whose UTF-8 begins with these bytes: bytes sort as characters do."""
    for numbers in _SEVERAL_BYTES:
        first = bisect_left(numbers, data, key=lambda number: chr(number).encode())
        characters = map(chr, numbers[first:])
        yield from takewhile(lambda character: character.encode().startswith(data), characters)


def _plainness(character: str) -> tuple[bool, str]:
    return not character.isalpha(), character
