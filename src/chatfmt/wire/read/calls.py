"""The tool calls of the message that is being read, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.jsontext import CodeError, quoted
from chatfmt.line.place import FIRST_CALL
from chatfmt.wire.events import ToolCallAbandoned
from chatfmt.wire.read.open_call import OpenCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt.conversation import ToolCall
    from chatfmt.line.place import Place
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.open_call import CallLayout
    from chatfmt.wire.schemas import ArgumentTypes

__all__ = ["Calls"]


class Calls:
    """Reads one call after the other.

    Args:
        index: the index of the message.
        events: the list for events.
        wrong: called for each fault with what was expected and what was found.
        layout: the layout of calls.
    """

    def __init__(
        self,
        index: int,
        events: list[Event],
        wrong: Callable[[str, str], None],
        layout: CallLayout,
    ) -> None:
        self._layout = layout
        self._index = index
        self._events = events
        self._wrong = wrong
        self.whole: list[ToolCall] = []
        self.open: OpenCall | None = None
        """The call that has begun and has not ended."""
        self._after_token = False  # whether a token within the call was read last

    def enter(self, opens: str | None, *, within: bool) -> None:
        """Enter another place: what it opens, and whether the current call continues with it."""
        if opens in ("call", FIRST_CALL):
            self.end()
            self.open = OpenCall(self._index, len(self.whole), self._events, self._layout)
        elif opens == "argument":
            assert self.open is not None  # noqa: S101 - the way leads through the call's name
            self.open.begin_argument()
        elif not within:
            self.end()

    def add(self, place: Place, text: str) -> None:
        """Add more text of a field of the call."""
        assert self.open is not None  # noqa: S101 - the way to a field leads through a beginning
        self.open.add(place, text)

    def know_tools(self, types: ArgumentTypes) -> None:
        """Set the types that the arguments of tools may have, from the next call on."""
        self._layout = self._layout._replace(types=types)

    def frame(self, text: str, *, literal: bool, opens: bool = False) -> None:
        """Add literal text or a special token between the fields of a call.

        ``opens``: it is the token that begins the call.
        """
        if self.open is None:
            return
        keeps_token = bool(self._layout.arguments) or not opens
        if (self.keeps_literal or self._after_token) if literal else keeps_token:
            self.open.add_around(text)
        self._after_token = keeps_token and not literal

    def end_field(self, *, goes_on: bool) -> None:
        """End the current field; ``goes_on`` says whether the current argument continues."""
        if self.open is not None:
            self.open.end_field(goes_on=goes_on)

    @property
    def keeps_literal(self) -> bool:
        """Whether literal text belongs to the open call; it comes out if that is no call."""
        return self.open is not None and (self._layout.names or bool(self._layout.arguments))

    def lose(self, text: str) -> None:
        """Take text in the open call with which no call continues; it was reported before."""
        assert self.open is not None  # noqa: S101 - the reader asks first
        self.open.is_broken = True
        self.open.add_around(text)

    def break_off(self) -> None:
        """Take something else inside a call, which is then no call if its arguments are listed."""
        if self.open is not None and self._layout.arguments:
            self.open.is_broken = True

    def cut_off(self) -> None:
        """End the open call although it is incomplete: it is one if its arguments are complete."""
        assert self.open is not None  # noqa: S101 - the reader asks first
        self.open.is_cut = True

    def end(self) -> None:
        """End the open call, if there is one."""
        if self.open is None:
            return
        call, self.open = self.open, None
        if call.is_broken:
            self._abandon(call)
            return
        try:
            made, others = call.made()
        except CodeError as error:
            self._wrong("a tool call", error.reason)
            self._abandon(call)
            return
        for key, value in others:
            self._wrong("only keys of this layout in a call", f"{quoted(key)}: {value}")
        call.tell_end(made)
        self.whole.append(made)

    def _abandon(self, call: OpenCall) -> None:
        text = "".join(call.text)
        self._events.append(ToolCallAbandoned(self._index, len(self.whole), text))

    @property
    def sink(self) -> list[str] | None:
        """The list for text that is just more arguments, if that is certain."""
        return None if self.open is None else self.open.sink

    def forget(self) -> None:
        """Join the texts of the current call into fewer pieces."""
        if self.open is not None:
            self.open.forget()

    def copy(self, events: list[Event], wrong: Callable[[str, str], None]) -> Calls:
        """An independent copy."""
        other = Calls(self._index, events, wrong, self._layout)
        other.whole = [*self.whole]
        other.open = self.open and self.open.copy(events)
        other._after_token = self._after_token
        return other

    def __bool__(self) -> bool:
        return bool(self.whole or self.open)
