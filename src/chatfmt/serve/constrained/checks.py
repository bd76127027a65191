"""Checks of the text of a field, beyond those that the machine of a format makes.

The machine says where a field may stand and what may follow it. That the text of one is the name of
a tool, or JSON, is found out by the reader only once the field is over. Under a constraint it must
be certain with each character, so there is a check for each such field. A check works like a
`chatfmt.line.scanner.Scanner`: any text that it accepts can be completed.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from chatfmt.line.scanners import JsonValue

if TYPE_CHECKING:
    from chatfmt.line.calls import CallObject, CallState
    from chatfmt.line.scanners import State

__all__ = ["Check", "Name", "NewKey", "NoString", "OneOf", "Shape", "Some", "WholeCall", "Word"]

S = TypeVar("S", bound="Hashable")


class Check(Hashable, Protocol[S]):
    """A check of the text of a field, character by character."""

    def start(self) -> S:
        """The state before the first character."""

    def step(self, state: S, char: str) -> S | None:
        """The state after one more character; None if no such text continues so."""

    def complete(self, state: S) -> bool:
        """Whether the text may end here."""


class OneOf(NamedTuple):
    """One of these texts."""

    texts: frozenset[str]


class Some(NamedTuple):
    """One or more of these characters."""

    characters: str


@dataclass(frozen=True)
class Shape:
    """Parts one after the other. A state holds where one may be: part, and what of it was read.

    >>> shape = Shape((OneOf(frozenset({"functions."})), Some("abc"), Some(":"), Some("01")))
    >>> state = shape.start()
    >>> for char in "functions.ab:1":
    ...     state = shape.step(state, char)
    >>> shape.complete(state), shape.step(state, "a")
    (True, None)
    """

    parts: tuple[OneOf | Some, ...]

    def start(self) -> frozenset[tuple[int, str]]:
        """At the first part."""
        return self._with_next({(0, "")})

    def step(
        self, state: frozenset[tuple[int, str]], char: str
    ) -> frozenset[tuple[int, str]] | None:
        """On in a part, or in the next one where a part may be over."""
        found: set[tuple[int, str]] = set()
        for at, read in state:
            part = self.parts[at] if at < len(self.parts) else None
            if isinstance(part, Some) and char in part.characters:
                found.add((at, "+"))  # how many there are does not matter
            elif isinstance(part, OneOf) and any(t.startswith(read + char) for t in part.texts):
                found.add((at, read + char))
        return self._with_next(found) if found else None

    def complete(self, state: frozenset[tuple[int, str]]) -> bool:
        """Whether all parts are there."""
        return (len(self.parts), "") in state

    def _with_next(self, state: set[tuple[int, str]]) -> frozenset[tuple[int, str]]:
        todo = [*state]
        for at, read in todo:
            part = self.parts[at] if at < len(self.parts) else None
            whole = read in part.texts if isinstance(part, OneOf) else part is not None and read
            if whole and (at + 1, "") not in state:
                state.add((at + 1, ""))
                todo.append((at + 1, ""))
        return frozenset(state)


@dataclass(frozen=True)
class Word:
    """One of some words; a state is the text so far.

    >>> check = Word(frozenset({"true", "false"}))
    >>> check.step("tru", "e"), check.step("tru", "u"), check.complete("tru")
    ('true', None, False)
    """

    words: frozenset[str]

    def start(self) -> str:
        """Nothing is read."""
        return ""

    def step(self, state: str, char: str) -> str | None:
        """On in one of them."""
        text = state + char
        return text if any(word.startswith(text) for word in self.words) else None

    def complete(self, state: str) -> bool:
        """Whether it is one of them."""
        return state in self.words


@dataclass(frozen=True)
class NewKey:
    """A key that is none of those before; a state is the text so far.

    >>> check = NewKey(frozenset({"days"}))
    >>> check.complete("days"), check.complete("day")
    (False, True)
    """

    taken: frozenset[str]

    def start(self) -> str:
        """Nothing is read."""
        return ""

    def step(self, state: str, char: str) -> str:
        """Any text may continue."""
        return state if state == _OTHER else state + char

    def complete(self, state: str) -> bool:
        """Whether it is another one."""
        return state not in self.taken

    def blurred(self, state: str) -> str:
        """A state from which the same may follow: one for all keys that cannot become taken."""
        return state if any(key.startswith(state) for key in self.taken) else _OTHER


_OTHER = "\ud800"
"""Stands for any text that is not the beginning of a key that is taken."""


@dataclass(frozen=True)
class Name:
    """A prefix and some of these characters, at most so many; a state is how many there are.

    >>> check = Name("functions.", "abc", 12)
    >>> state = check.start()
    >>> for char in "functions.ab":
    ...     state = check.step(state, char)
    >>> check.complete(state), check.step(state, "c")
    (True, None)
    """

    prefix: str
    characters: str | None
    """None where the machine alone says which."""
    most: int

    def start(self) -> int:
        """Nothing is read."""
        return 0

    def step(self, state: int, char: str) -> int | None:
        """On while there is room."""
        if state == _SHORT:
            return state
        if state < len(self.prefix):
            goes_on = char == self.prefix[state]
        else:
            goes_on = self.characters is None or char in self.characters
        return state + 1 if goes_on and state < self.most else None

    def complete(self, state: int) -> bool:
        """Whether there is some text after the prefix."""
        return state == _SHORT or state > len(self.prefix)

    def blurred(self, state: int) -> int:
        """One state for all in which any token has room, where all characters may come."""
        has_room = len(self.prefix) < state < self.most - _LONGEST_TOKEN
        return _SHORT if has_room and self.characters is None else state


_SHORT = -1
_LONGEST_TOKEN = 256
"""In characters. Only white space makes longer ones, which is in no name."""


@dataclass(frozen=True)
class NoString:
    """A JSON value that is not a string.

    >>> check = NoString()
    >>> check.step(check.start(), '"') is None, check.step(check.start(), "1") is None
    (True, False)
    """

    def start(self) -> State:
        """Nothing is read."""
        return _VALUE.start()

    def step(self, state: State, char: str) -> State | None:
        """As in JSON."""
        return None if state.at == "start" and char == '"' else _VALUE.step(state, char)

    def complete(self, state: State) -> bool:
        """Whether the value may end here."""
        return _VALUE.complete(state)


_VALUE = JsonValue()


class _InCall(NamedTuple):
    call: CallState
    value: Hashable = None
    """Where the name or the id stands that is being read."""


@dataclass(frozen=True)
class WholeCall:
    r"""A call as a JSON object with a name and arguments, and no key that the layout lacks.

    Names, ids and keys are spelled without a backslash, and the arguments are an object.

    >>> from chatfmt.line.calls import CallObject
    >>> check = WholeCall(CallObject(), Shape((Some("fg"),)), Shape((Some("01"),)))
    >>> state = check.start()
    >>> for char in '{"name": "f"':
    ...     state = check.step(state, char)
    >>> check.step(state, "}") is None, check.step(state, ",") is None
    (True, False)
    """

    keys: CallObject
    names: Check[Any]
    ids: Check[Any]

    def start(self) -> _InCall:
        """Nothing is read."""
        return _InCall(self.keys.start())

    def step(self, state: _InCall, char: str) -> _InCall | None:
        """On with a call that will be whole."""
        before, after = state.call, self.keys.step(state.call, char)
        if after is None or not self._may_step(before, after, char):
            return None
        if after.part not in ("name", "id"):
            return _InCall(after)
        shape = self.names if after.part == "name" else self.ids
        if not before.json.quote:
            return _InCall(after, shape.start())
        if not after.json.quote:
            return _InCall(after) if shape.complete(state.value) else None
        value = shape.step(state.value, char)
        return None if value is None else _InCall(after, value)

    def complete(self, state: _InCall) -> bool:
        """Whether the object is closed."""
        return self.keys.complete(state.call)

    def _may_step(self, before: CallState, after: CallState, char: str) -> bool:
        at = before.json
        if self.keys.complete(after):
            return {"name", "arguments"} <= after.seen
        if at.inside != "{":
            return True
        if "colon" in {at.then, after.json.then}:  # in a key, or after it
            return char != "\\" and self._is_new(after) if after.json.quote else bool(after.member)
        if at.quote:
            return True
        if at.at == "value":
            return before.member != "arguments" or char != '"'
        return char != "," or len(before.seen) < len(self.keys.parts)

    def _is_new(self, state: CallState) -> bool:
        """Whether the current key may become one that is still missing."""
        missing = (key for key, part in self.keys.parts.items() if part not in state.seen)
        return state.key is not None and any(key.startswith(state.key) for key in missing)
