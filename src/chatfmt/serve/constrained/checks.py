"""Checks of the text of a field, beyond those that the machine of a format makes.

The machine says where a field may be and what may follow it. The reader finds out only when a field
is over whether its text is the name of a tool, or JSON. Under a constraint each character must keep
this possible, so each of these fields has a check. A check works like a
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
        """The state after one more character; None if no valid text continues like that."""

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
    """Parts one after the other. A state holds each possible part, with the text read of it.

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
        """Continue in a part, or in the next one if a part may be over."""
        found: set[tuple[int, str]] = set()
        for at, read in state:
            part = self.parts[at] if at < len(self.parts) else None
            if isinstance(part, Some) and char in part.characters:
                found.add((at, "+"))  # how many there are does not matter
            elif isinstance(part, OneOf) and any(t.startswith(read + char) for t in part.texts):
                found.add((at, read + char))
        return self._with_next(found) if found else None

    def complete(self, state: frozenset[tuple[int, str]]) -> bool:
        """Whether all parts are read."""
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
        """Continue in one of the words."""
        text = state + char
        return text if any(word.startswith(text) for word in self.words) else None

    def complete(self, state: str) -> bool:
        """Whether the text is one of the words."""
        return state in self.words


@dataclass(frozen=True)
class NewKey:
    """A key that has not appeared before; a state is the text so far.

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
        """Whether the key is a new one."""
        return state not in self.taken

    def blurred(self, state: str) -> str:
        """A state from which the same may follow: one for all keys that can only be new."""
        return state if any(key.startswith(state) for key in self.taken) else _OTHER


_OTHER = "\ud800"
"""Stands for any text that is not the beginning of a key that is taken."""


@dataclass(frozen=True)
class Name:
    """A prefix and then any of these characters; a state is the number of characters so far.

    >>> check = Name("functions.", "abc", 12)
    >>> state = check.start()
    >>> for char in "functions.ab":
    ...     state = check.step(state, char)
    >>> check.complete(state), check.step(state, "c")
    (True, None)
    """

    prefix: str
    characters: str | None
    """None if only the machine restricts them."""
    most: int

    def start(self) -> int:
        """Nothing is read."""
        return 0

    def step(self, state: int, char: str) -> int | None:
        """Continue while there is room."""
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
        """One state for all in which any token has room, if all characters may come."""
        has_room = len(self.prefix) < state < self.most - _LONGEST_TOKEN
        return _SHORT if has_room and self.characters is None else state


_SHORT = -1
_LONGEST_TOKEN = 256
"""In characters. Longer tokens are only white space, which no name contains."""


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
    """The state of the check of the current name or id."""


@dataclass(frozen=True)
class WholeCall:
    r"""A call as a JSON object with a name and arguments, and only keys of the layout.

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
        """Continue with a call that can become whole."""
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
