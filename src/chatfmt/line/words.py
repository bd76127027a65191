"""Words that the text of a field never contains: one mechanism for names and for fences.

A word may be tied to the beginning and the end of the field, so it is one of three kinds:

- tied to both: the field is never exactly this, because another line has this text there (no tool
is
  called ``assistant``);
- tied to the beginning: the field never begins like this, because another line does;
- tied to neither: a *fence*. It ends the field where it first appears in field and fence together,
  whatever follows.

The places of such a field are the beginnings of its words, as in the Aho-Corasick algorithm.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.characters import Characters

__all__ = ["ExcludedWords", "Word"]

_BEGIN, _END = "\ud800", "\udfff"
"""The field's ends inside this module: halves of surrogate pairs, which no line may have."""


class Word(NamedTuple):
    """A text that a field never contains, either anywhere or where it is tied."""

    text: str
    begins: bool = False
    """Only at the beginning of the field."""
    ends: bool = False
    """Only at its end."""


class ExcludedWords:
    """The automaton of a field's words.

    A state is the longest beginning of a word with which the text so far ends, as a number;
    state 0 is the empty one. ``begin`` is the state before the first character. ``empty`` says
    whether a fence may be the whole text.
    """

    def __init__(
        self, words: Sequence[Word], characters: Characters, *, empty: bool = True
    ) -> None:
        self._characters = characters
        self.fences = [word.text for word in words if not (word.begins or word.ends)]
        spelled = [_BEGIN * w.begins + w.text + _END * w.ends for w in words]
        self._empty = frozenset() if empty else frozenset(_BEGIN + fence for fence in self.fences)
        spelled += sorted(self._empty)
        self.prefixes = [""]
        children: list[dict[str, int]] = [{}]
        for word in spelled:
            self._add(word, children)
        whole = frozenset(spelled)
        self._complete = [prefix in whole for prefix in self.prefixes]
        self._leads: list[dict[str, int]] = [{} for _ in children]
        self._link(children)
        self.begin = self._leads[0].get(_BEGIN, 0)

    def _add(self, word: str, children: list[dict[str, int]]) -> None:
        state = 0
        for i, letter in enumerate(word, 1):
            if letter not in children[state]:
                children[state][letter] = len(children)
                children.append({})
                self.prefixes.append(word[:i])
            state = children[state][letter]

    def _link(self, children: list[dict[str, int]]) -> None:
        """Where each character leads: on in a word, or as from the next shorter beginning."""
        queue = deque([(0, 0)])
        while queue:
            state, shorter = queue.popleft()
            leads = {**(self._leads[shorter] if state else {}), **children[state]}
            self._leads[state] = leads
            self._complete[state] = self._complete[state] or self._complete[shorter]
            for letter, child in children[state].items():
                queue.append((child, self._leads[shorter].get(letter, 0) if state else 0))

    @property
    def states(self) -> Iterator[int]:
        """The states that the text of a field can be in."""
        for state, prefix in enumerate(self.prefixes):
            if prefix != _BEGIN and not prefix.endswith(_END) and not self._complete[state]:
                yield state

    def lengths(self, state: int, most: int) -> range:
        """The numbers of characters that a field may have in this state, up to ``most``.

        All its words must be tied to its beginning.
        """
        length = len(self.prefixes[state]) - len(_BEGIN)
        return range(1, most + 1) if state == 0 else range(length, min(length, most) + 1)

    def steps(self, state: int, kinds: int) -> Iterator[tuple[int, int]]:
        """Where each of these kinds of characters leads; nowhere if one completes a word."""
        leads: dict[int, int] = {}
        other = kinds
        for letter, following in self._leads[state].items():
            if letter in (_BEGIN, _END):
                continue
            kind = self._characters.kind(letter)
            other &= ~kind
            if kind & kinds and not self._complete[following]:
                leads[following] = leads.get(following, 0) | kind
        if other:
            leads[0] = leads.get(0, 0) | other
        for following, some in leads.items():
            yield some, following

    def completes(self, state: int, fence: str) -> bool:
        """Whether the last character of this fence completes it in this state."""
        text = self.prefixes[state] + fence[-1]
        return text.endswith(fence) and text not in self._empty

    def may_end(self, state: int) -> bool:
        """Whether the field may end in this state."""
        return not self._complete[self._leads[state].get(_END, 0)]

    def held(self, state: int) -> str:
        """The part of the text that may still become part of a fence."""
        prefix = self.prefixes[state].removeprefix(_BEGIN)
        endings = (prefix[i:] for i in range(len(prefix)))
        return next((e for e in endings if any(f.startswith(e) for f in self.fences)), "")
