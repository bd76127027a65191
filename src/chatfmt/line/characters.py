"""Kinds of characters: as far as a format can tell two characters apart.

Field alphabets tell only ASCII characters, white space and the characters of literal text apart,
so one character stands for all others of its kind. A set of kinds is an integer with a bit for
each, so that sets are joined and met by ``|`` and ``&``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Characters"]

_ASCII = [chr(i) for i in range(128)]
_WHITE = "\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"
_ANY_WHITE, _ANY_OTHER = "\xa0", "\u4e2d"


class Characters:
    """The kinds that a format with these literal texts can tell apart.

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
        self.every = (1 << len(self._all)) - 1
        """All kinds."""
        self.not_ascii = self.every & ~self.kinds_of("".join(_ASCII))
        """The kinds of all characters outside ASCII."""

    def kind(self, character: str) -> int:
        """The kind of a character."""
        found = self._kinds.get(character)
        if found is None:
            found = self._white if character.isspace() else self._other
        return found

    def kinds_of(self, characters: str) -> int:
        """The kinds of some characters."""
        found = 0
        for character in characters:
            found |= self.kind(character)
        return found

    def kinds(self, pattern: str) -> int:
        """The kinds that a character class of the `regex` library has."""
        if pattern not in self._patterns:
            matches = regex.compile(pattern, regex.V1).fullmatch
            self._patterns[pattern] = self.kinds_of("".join(filter(matches, self._all)))
        return self._patterns[pattern]

    def plainest(self, kinds: int) -> str:
        """A character of one of these kinds, for people: a letter where there is one."""
        some: list[str] = [c for c in self._all if self._kinds[c] & kinds]
        return min(some, key=_plainness)


def _plainness(character: str) -> tuple[bool, str]:
    return not character.isalpha(), character
