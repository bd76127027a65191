"""From the events of a parser to the pieces of one reply: text, reasoning and numbered calls.

APIs have one reply where a format may have several messages. They are joined here:

=========================================  =====================================================
part of a message                          becomes
=========================================  =====================================================
``reasoning``                              reasoning
``content``                                text, unless listed below
``content`` in channel ``analysis``        reasoning
``content`` to ``self``                    reasoning
``content`` to a role                      text
``content`` to any other recipient         a call; ``functions.`` before its name is left out
each of ``tool_calls``                     a call
``content`` of a role other than the       text, if stray text is kept
first message's
=========================================  =====================================================

Source: `chatfmt.conversation.harmony`; a message to ``self`` is from Muse's chat template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from chatfmt.conversation.harmony import FUNCTIONS
from chatfmt.wire.events import (
    ArgumentsDelta,
    ContentDelta,
    HeaderField,
    MessageStart,
    Stray,
    ToolCallAbandoned,
    ToolCallEnd,
    ToolCallStart,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatfmt.wire.events import Event
    from chatfmt.wire.read.parser import Shortcut

__all__ = ["Arguments", "CallEnd", "CallStart", "Piece", "Strays", "Text", "Turn"]

Strays: TypeAlias = Literal["content", "drop"]
"""How to treat text that has no place in a message, and text that only looked like a call.

``content``: it becomes part of the content, in its place. ``drop``: it is left out.
"""

BETWEEN = "\n\n"
"""Written between the texts of two messages that are joined."""

_ROLES = ("system", "developer", "user", "assistant", "tool")


class Text(NamedTuple):
    """More of the content or of the reasoning."""

    field: Literal["content", "reasoning"]
    text: str


class CallStart(NamedTuple):
    """A call has begun."""

    number: int
    """Counted from 0 over the reply."""
    id: str
    name: str


class Arguments(NamedTuple):
    """More of the arguments of a call."""

    number: int
    text: str


class CallEnd(NamedTuple):
    """A call has ended; if it is not whole, it was no call after all."""

    number: int
    is_whole: bool


Piece: TypeAlias = Text | CallStart | Arguments | CallEnd


class Turn:
    """The pieces of one reply, from the events of all of its messages.

    Args:
        stray: see `Strays`.
        whole_calls: give a call only when it is complete.
        first_call: the number of the first made-up id, ``call_0`` and so on: how many calls come
            before in the conversation.
        new_id: makes an id of such a number instead.
    """

    def __init__(
        self,
        *,
        stray: Strays,
        whole_calls: bool,
        first_call: int,
        new_id: Callable[[int], str] = "call_{}".format,
    ) -> None:
        if stray not in ("content", "drop"):
            raise ValueError(f"stray must be content or drop, found {stray!r}")
        self._keeps_strays = stray == "content"
        self._whole_calls = whole_calls
        self._first_call = first_call
        self._new_id = new_id
        self._index = -1
        self._speaker: str | None = None
        self._field: Literal["content", "reasoning"] | None = "content"
        """Where the content of the message goes; None if it is the arguments of a call."""
        self._is_stray = False  # the message has another role than the reply
        self._recipient: str | None = None
        self._written: dict[str, int] = {}  # field to the message that wrote it last
        self._calls = 0
        self._open: list[Piece] | None = None  # pieces of the current call that wait for its end
        self._texts: list[str] = []  # texts of a message that is a call, while it waits
        self._told: tuple[int, str | int] | None = None  # the message and part of the last text
        self.has_calls = False
        """Whether there is a complete call."""

    def take(  # noqa: C901 - one case for each kind of event
        self, events: Iterable[Event], *, closing: bool = False
    ) -> list[Piece]:
        """The pieces of some events; ``closing``: the ids have ended without a stop token."""
        pieces: list[Piece] = []
        for event in events:
            match event:
                case ContentDelta(index, part, text):
                    self._told = index, part
                    self._add(pieces, part, text)
                case ArgumentsDelta(index, call, text):
                    self._told = index, call
                    self._tell(pieces, Arguments(self._calls - 1, text))
                case MessageStart(index, role):
                    self._begin(index, role)
                case HeaderField(_, name, value):
                    self._address(name, value)
                case ToolCallStart(_, _, identifier, name):
                    self._begin_call(pieces, identifier, name)
                case ToolCallEnd():
                    self._end_call(pieces)
                case ToolCallAbandoned(_, _, text):
                    self._abandon(pieces, text, closing=closing)
                case Stray(_, _, text):
                    self._stray(pieces, text)
                case _:  # a MessageEnd
                    self._end(pieces, is_cut=event.token is None)
        if closing and not self._is_stray:
            self._begin_message_call(pieces)  # it had only a header
        return pieces

    def goes_on_in(self, shortcut: Shortcut) -> str | int | None:
        """The field, or the number of the call, that plain text can simply be added to.

        None if the text needs more work.
        """
        if self._told != (shortcut.message, shortcut.field):
            return None
        if isinstance(shortcut.field, int):
            return None if self._whole_calls else self._calls - 1
        field = self._goes_to(shortcut.field)
        is_call = field is None and shortcut.field == "content" and not self._is_stray
        return self._calls - 1 if is_call and not self._whole_calls else field

    def _goes_to(self, part: str) -> Literal["content", "reasoning"] | None:
        if part == "tools" or self._is_stray:
            return None
        return self._field if part == "content" else "reasoning"

    def _begin(self, index: int, role: str) -> None:
        self._index, self._field, self._recipient = index, "content", None
        self._speaker = self._speaker or role
        self._is_stray = role != self._speaker

    def _address(self, name: str, value: str) -> None:
        """Note a field of the header that says what the content is."""
        if (name, value) == ("recipient", "self") or (
            (name, value) == ("channel", "analysis") and self._field is not None
        ):
            self._field = "reasoning"
        elif name == "recipient" and value not in _ROLES:
            self._field, self._recipient = None, value.removeprefix(FUNCTIONS)

    def _add(self, pieces: list[Piece], part: str, text: str) -> None:
        field = self._goes_to(part)
        if field is not None:
            self._write(pieces, field, text)
        elif part == "content" and not self._is_stray:
            if self._whole_calls:
                self._texts.append(text)
            self._begin_message_call(pieces)
            self._tell(pieces, Arguments(self._calls - 1, text))
        else:
            self._stray(pieces, text)

    def _write(
        self, pieces: list[Piece], field: Literal["content", "reasoning"], text: str
    ) -> None:
        before = self._written.get(field, self._index)
        self._written[field] = self._index
        pieces.append(Text(field, text if before == self._index else BETWEEN + text))

    def _stray(self, pieces: list[Piece], text: str) -> None:
        if self._keeps_strays and text:
            self._write(pieces, "content", text)

    def _begin_message_call(self, pieces: list[Piece]) -> None:
        """Begin the call that a message is, unless it has begun."""
        if self._recipient is not None:
            self._begin_call(pieces, None, self._recipient)
            self._recipient = None

    def _begin_call(self, pieces: list[Piece], identifier: str | None, name: str) -> None:
        number = self._calls
        self._calls += 1
        self._open = []
        if identifier is None:
            identifier = self._new_id(self._first_call + number)
        self._tell(pieces, CallStart(number, identifier, name))

    def _tell(self, pieces: list[Piece], piece: Piece) -> None:
        """Give a piece of a call, at once or when the call is complete."""
        if self._whole_calls and self._open is not None:
            self._open.append(piece)
        else:
            pieces.append(piece)

    def _end_call(self, pieces: list[Piece]) -> None:
        pieces += self._open or ()
        self._open, self._texts = None, []
        self.has_calls = True
        pieces.append(CallEnd(self._calls - 1, is_whole=True))

    def _abandon(self, pieces: list[Piece], text: str, *, closing: bool) -> None:
        """Drop a call that is none after all. Pieces of it that were given cannot be taken back."""
        if self._open is not None and not self._whole_calls:
            self._open = None
            pieces.append(CallEnd(self._calls - 1, is_whole=False))
            if closing:  # its text has been given already
                return
        elif self._open is not None:
            self._open = None
            self._calls -= 1
        self._stray(pieces, text)

    def _end(self, pieces: list[Piece], *, is_cut: bool) -> None:
        if self._field is None and not self._is_stray:
            self._begin_message_call(pieces)
            if is_cut:
                self._abandon(pieces, "".join(self._texts), closing=True)
                self._texts = []
            else:
                self._end_call(pieces)
