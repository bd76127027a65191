"""The texts of a vocabulary as a tree, so that texts with the same beginning are tried together."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from chatfmt.wire.read.characters import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.wire.binding import Binding

__all__ = ["Entry", "Node", "Vocabulary", "vocabulary_of"]

_WITHIN = frozenset(bytes([byte]) for byte in range(0x80, 0xC0))
"""Bytes that continue a character."""


class Entry(NamedTuple):
    """A token of text."""

    text: str
    """Its complete characters."""
    rest: bytes
    """The bytes of an incomplete character at its end."""
    kinds: int
    """The kinds of its characters, including those that the last one may become."""
    token: int


class Node:
    """The tokens that begin with the same characters: a range of the sorted entries."""

    __slots__ = ("_children", "_entries", "_kinds", "depth", "first", "last")

    def __init__(self, entries: Sequence[Entry], first: int, last: int, depth: int) -> None:
        self._entries = entries
        self.first, self.last, self.depth = first, last, depth
        self._children: list[tuple[str, Node]] | None = None
        self._kinds: int | None = None

    @property
    def entries(self) -> Sequence[Entry]:
        """All tokens of the range."""
        return self._entries[self.first : self.last]

    @property
    def whole(self) -> Iterator[Entry]:
        """Those without a further complete character."""
        for at in range(self.first, self.last):
            if len(self._entries[at].text) > self.depth:
                return
            yield self._entries[at]

    @property
    def kinds(self) -> int:
        """The kinds of characters in all of them."""
        if self._kinds is None:
            self._kinds = reduce(or_, (entry.kinds for entry in self.entries), 0)
        return self._kinds

    @property
    def children(self) -> list[tuple[str, Node]]:
        """The nodes one character further, with that character."""
        if self._children is None:
            self._children = [*self._divided()]
        return self._children

    def _divided(self) -> Iterator[tuple[str, Node]]:
        at = self.first + sum(1 for _ in self.whole)
        while at < self.last:
            first, character = at, self._entries[at].text[self.depth]
            while at < self.last and self._entries[at].text[self.depth] == character:
                at += 1
            yield character, Node(self._entries, first, at, self.depth + 1)


class Vocabulary:
    """The text tokens of a binding. Tokens of invalid UTF-8 are in no node."""

    def __init__(self, binding: Binding) -> None:
        self.size = binding.encoding.n_vocab
        self.continuing: list[tuple[int, bytes]] = []
        """Tokens that begin within a character."""
        characters = binding.format.machine.characters
        entries = []
        for token in range(self.size):
            if token in binding.spellings:
                continue
            try:
                data = binding.encoding.token_bytes(token)
            except KeyError:
                continue
            if data[:1] in _WITHIN:
                self.continuing.append((token, data))
                continue
            try:
                text, rest, begun = data.decode(), b"", ""
            except UnicodeDecodeError:
                found, rest, _, invalid = decode(b"", data)
                if invalid:
                    continue
                text = "".join(character for character, _ in found)
                begun = characters.begun_by(rest)
            if data:
                kinds = characters.kinds_of({*text, *begun})
                entries.append(Entry(text, rest, kinds, token))
        self.root = Node(sorted(entries), 0, len(entries), 0)


_VOCABULARIES: WeakKeyDictionary[Binding, Vocabulary] = WeakKeyDictionary()


def vocabulary_of(binding: Binding) -> Vocabulary:
    """The vocabulary of a binding: one for all constraints, since sorting it takes seconds."""
    found = _VOCABULARIES.get(binding)
    if found is None:
        found = _VOCABULARIES.setdefault(binding, Vocabulary(binding))
    return found
