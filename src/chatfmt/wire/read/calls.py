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
        index: of the message.
        events: where events go.
        wrong: called with what was expected and found instead where something is wrong.
        layout: what calls look like.
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
        """The call that has begun and is not over."""
        self._after_token = False  # whether a token within the call was read last

    def enter(self, opens: str | None, *, within: bool) -> None:
        """Something else is read now: what it opens, and whether a call at hand goes on with it."""
        if opens in ("call", FIRST_CALL):
            self.end()
            self.open = OpenCall(self._index, len(self.whole), self._events, self._layout)
        elif opens == "argument":
            assert self.open is not None  # noqa: S101 - the way leads through the call's name
            self.open.begin_argument()
        elif not within:
            self.end()

    def add(self, place: Place, text: str) -> None:
        """More text of a field of the call."""
        assert self.open is not None  # noqa: S101 - the way to a field leads through a beginning
        self.open.add(place, text)

    def know_tools(self, types: ArgumentTypes) -> None:
        """Of which types the arguments of tools may be, from the next call on."""
        self._layout = self._layout._replace(types=types)

    def frame(self, text: str, *, literal: bool, opens: bool = False) -> None:
        """What is between the fields of a call: literal text, or a special token.

        ``opens``: it is the token that begins the call.
        """
        if self.open is None:
            return
        keeps_token = bool(self._layout.arguments) or not opens
        if (self.keeps_literal or self._after_token) if literal else keeps_token:
            self.open.add_around(text)
        self._after_token = keeps_token and not literal

    def end_field(self, *, goes_on: bool) -> None:
        """Something is there that is of no field; whether the argument at hand goes on."""
        if self.open is not None:
            self.open.end_field(goes_on=goes_on)

    @property
    def keeps_literal(self) -> bool:
        """Whether literal text belongs to the open call; it comes out if that proves to be none."""
        return self.open is not None and (self._layout.names or bool(self._layout.arguments))

    def lose(self, text: str) -> None:
        """Text came in the call that is open with which no call goes on; that was reported."""
        assert self.open is not None  # noqa: S101 - the reader asks first
        self.open.is_broken = True
        self.open.add_around(text)

    def break_off(self) -> None:
        """Something else comes inside a call, which is then no call if its arguments are listed."""
        if self.open is not None and self._layout.arguments:
            self.open.is_broken = True

    def cut_off(self) -> None:
        """The call that is open is not written to its end: it is one if its arguments are whole."""
        assert self.open is not None  # noqa: S101 - the reader asks first
        self.open.is_cut = True

    def end(self) -> None:
        """The call that is open is over, if there is one."""
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
        """Where the text of arguments goes that is just more of them, if that is certain."""
        return None if self.open is None else self.open.sink

    def forget(self) -> None:
        """Keep what there is of the call at hand in fewer pieces."""
        if self.open is not None:
            self.open.forget()

    def copy(self, events: list[Event], wrong: Callable[[str, str], None]) -> Calls:
        """One of its own that has read the same."""
        other = Calls(self._index, events, wrong, self._layout)
        other.whole = [*self.whole]
        other.open = self.open and self.open.copy(events)
        other._after_token = self._after_token
        return other

    def __bool__(self) -> bool:
        return bool(self.whole or self.open)
