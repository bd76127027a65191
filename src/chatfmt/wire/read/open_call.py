"""The tool call that is being read: its parts as they come, and their events."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.conversation import ToolCall
from chatfmt.line.calls import CallObject, read_call
from chatfmt.line.jsontext import CodeError, check_json, string_in
from chatfmt.line.scanners import JsonObject
from chatfmt.wire.events import ArgumentsDelta, ToolCallEnd, ToolCallStart
from chatfmt.wire.read.arguments import Arguments

if TYPE_CHECKING:
    from chatfmt.line.call_ids import CallIds
    from chatfmt.line.calls import CallState
    from chatfmt.line.coders import Coder
    from chatfmt.line.place import Place
    from chatfmt.wire.events import Event
    from chatfmt.wire.schemas import ArgumentTypes

__all__ = ["CallLayout", "OpenCall"]

_PARTS = {"call.name": "name", "call.id": "id", "call.arguments": "arguments"}


class CallLayout(NamedTuple):
    """The layout of the calls of a format, and the tools that they call."""

    ids: CallIds | None = None
    """The shape of ids, if only they give the name."""
    arguments: tuple[Coder | None, ...] = ()
    """How values of arguments are spelled that are written one by one; empty if none are."""
    names: bool = False
    """Whether names stand among other text of the layout, as in ``<function={call.name}>``."""
    types: ArgumentTypes = MappingProxyType({})


class OpenCall:
    """One call, as far as it has been read."""

    def __init__(self, index: int, number: int, events: list[Event], layout: CallLayout) -> None:
        self._place = index, number
        self._layout = layout
        self._events = events
        self.text: list[str] = []
        """All of its fields and the text between them, unchanged."""
        self._around: set[int] = set()
        """Which of these belong to no field."""
        self.is_broken = False
        """Whether text came with which no call continues."""
        self.is_cut = False
        """Whether it is incomplete at its end."""
        self._parts: dict[str, list[str]] = {"name": [], "arguments": [], "id": []}
        self._keys: CallObject | None = None  # if it is one JSON object
        self._state: CallState | None = None
        self._joined = 0
        """How many of the texts `forget` has joined."""
        self._started = False
        self._each: Arguments | None = None  # if arguments are written one by one
        self._error: CodeError | None = None  # the fault of an argument that has ended

    def copy(self, events: list[Event]) -> OpenCall:
        """An independent copy."""
        other = OpenCall(*self._place, events, self._layout)
        other.text, other._around, other._joined = [*self.text], {*self._around}, self._joined
        other._parts = {part: [*texts] for part, texts in self._parts.items()}
        other._keys, other._state, other._started = self._keys, self._state, self._started
        other.is_broken = self.is_broken
        other._each, other._error = self._each and self._each.copy(), self._error
        return other

    def add(self, place: Place, text: str) -> None:
        """Add more text of a field."""
        self.text.append(text)
        if isinstance(place.scanner, CallObject):
            self._scan(place.scanner, text)
            return
        part = _PARTS.get(str(place.meaning.field))
        if part is not None:
            self._add(part, text)
        elif self._each is None:  # the first key was skipped, which was reported
            self.is_broken = True
        elif place.meaning.field == "arg.key":
            self._each.add_key(text)
        elif place.meaning.field == "arg.string":
            self._each.add_flag(text)
        else:
            certain = self._each.add_value(text)
            if self._error is None:  # otherwise it is no call
                self._add("arguments", certain)

    def add_around(self, text: str) -> None:
        """Add text between its fields, or text that has no place in it."""
        self._around.add(len(self.text))
        self.text.append(text)

    @property
    def sink(self) -> list[str] | None:
        """The list for text that is just more of an object's arguments, if that is certain.

        Nothing but `text` and the event needs to know about it.
        """
        return self.text if self._keys is not None and self._started else None

    def forget(self) -> None:
        """Join the texts into fewer pieces: all are needed until it is known that it is a call."""
        at = max(self._joined, *self._around, -1) + 1 if self._around else self._joined
        if at < len(self.text):
            self.text[at:] = ["".join(self.text[at:])]
            self._joined = at + 1

    def begin_argument(self) -> None:
        """Begin an argument, which ends the one before."""
        if self._each is None:
            [coder] = self._layout.arguments
            self._each = Arguments(coder, self._layout.types.get(self._name(), {}))
        self.end_field(goes_on=False)

    def end_field(self, *, goes_on: bool) -> None:
        """End the current field, and also the argument if it does not continue."""
        if self._each is None or self._error is not None or self.is_broken:
            return
        try:
            certain = self._each.end_key() if goes_on else self._each.end_argument()
        except CodeError as error:
            self._error = error
        else:
            self._add("arguments", certain)

    def _name(self) -> str:
        """The name of the tool, as far as it was read."""
        if self._layout.ids is not None:
            return self._layout.ids.name_in("".join(self._parts["id"])) or ""
        return "".join(self._parts["name"])

    def _add(self, part: str, text: str) -> None:
        if (
            part == "arguments"
            and not self._started
            and self._keys is None
            and (name := self._name())
        ):
            self._start(name, "".join(self._parts["id"]) or None)
        self._parts[part].append(text)
        if part == "arguments" and self._started and text:
            self._events.append(ArgumentsDelta(*self._place, text))

    def _scan(self, keys: CallObject, text: str) -> None:
        """Take more of a call that is one object: its parts as they come."""
        self._keys = keys
        state = keys.start() if self._state is None else self._state
        self._state, found = _scanned(keys, state, text)
        for part, more in found:
            if part == "arguments" and more[0] == "{" and not (self._started or self._parts[part]):
                self._start_with_object(keys, "".join(self._parts["name"]))
            self._add(part, more)

    def _start_with_object(self, keys: CallObject, name: str) -> None:
        """Begin the arguments; if the name has come before them, it can be reported."""
        if name and keys.id is None:
            self._start(string_in(name), None)

    def _start(self, name: str, identifier: str | None) -> None:
        self._started = True
        self._events.append(ToolCallStart(*self._place, identifier, name))

    def made(self) -> tuple[ToolCall, tuple[tuple[str, str], ...]]:
        """The call, and its keys that the layout does not have.

        Raises:
            CodeError: it is not a call.
        """
        if self._keys is not None:
            whole = "".join(text for at, text in enumerate(self.text) if at not in self._around)
            call = read_call(whole, self._keys)
            return ToolCall(name=call.name, arguments=call.arguments, id=call.id), call.other_keys
        name = self._name()
        if not name:
            raise CodeError("a call without a name", 0)
        identifier = "".join(self._parts["id"])
        return ToolCall(name=name, arguments=self._arguments(), id=identifier or None), ()

    def _arguments(self) -> str:
        if self.is_cut and self._layout.arguments:
            raise CodeError("a call that is cut off", 0)
        if self._error is not None:
            raise self._error
        if self._each is not None:
            self._add("arguments", self._each.end())
            return self._each.text
        found = "".join(self._parts["arguments"])
        if self.is_cut:
            check_json(found.strip(), JsonObject(), "arguments that are a JSON object")
        return found or "{}" * bool(self._layout.arguments)

    def tell_end(self, call: ToolCall) -> None:
        """Report everything not yet reported, and the end of the call."""
        if not self._started:
            self._start(call.name, call.id)
            if call.arguments:
                self._events.append(ArgumentsDelta(*self._place, call.arguments))
        self._events.append(ToolCallEnd(*self._place, call))


@lru_cache(maxsize=16_384)
def _scanned(
    keys: CallObject, state: CallState, text: str
) -> tuple[CallState, tuple[tuple[str, str], ...]]:
    """The scanner's state after a text, and the parts of a call to which the text belongs."""
    found: dict[str, str] = {}
    for character in text:
        state = keys.step(state, character) or state  # the reader makes sure that it continues
        part = keys.part(state)
        if part != "call":
            found[part] = found.get(part, "") + character
    return state, tuple(found.items())
