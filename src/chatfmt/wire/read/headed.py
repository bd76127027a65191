"""The header of the message that is being read: its role, and how it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.wire.events import HeaderField, MessageStart
from chatfmt.wire.read.empty_reasoning import EmptyReasoning
from chatfmt.wire.read.known import Known

if TYPE_CHECKING:
    from chatfmt.conversation import Message
    from chatfmt.line.place import Place
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.tell import Tell
    from chatfmt.wire.spanwriter import SpanWriter

__all__ = ["Headed"]


class Headed(Known):
    """Role and header as they become known; the arguments are those of `Draft`."""

    def __init__(
        self,
        binding: Binding,
        span: SpanWriter,
        messages: list[Message],
        events: list[Event],
        tell: Tell,
    ) -> None:
        lines = [*binding.format.templates.values()]  # of one role: its spelling is the role
        self._is_spelled = len(lines) == 1 and "role" in lines[0].fields
        self._span = span
        self.goes_on: str | None = None
        """The role that has ended a message and can continue with another."""
        self.unended = False
        """Whether the model's message before has no end token: whatever follows ends it."""
        self._stop_at: int | None = None  # of the id that ended it and began this one
        self._waiting: list[Event] = []  # events to report once more follows that id
        self.prompted: int | None = None
        """Index of the message whose prompt ends where the positions begin."""
        self._prompt_end: tuple[int, Place | None, str] = -1, None, ""
        self.position = 0
        """The id that is being taken."""
        self.is_open = False
        self._first = binding.format.machine.all[0]
        """The place to which the first symbol of the message leads."""
        super().__init__(binding, messages, events, tell)

    def _end_of_header_field(self) -> None:
        name, fields = self.heading.end_field(), self.heading.fields
        if name == "role":
            spelling = fields.pop("role")
            if spelling not in self._roles:
                self._tell_wrong.unknown_role(spelling, self.position)
            self._set_role(self._roles.get(spelling, spelling))
        elif self.role is not None and name is not None:
            self._events.append(HeaderField(self.index, name, fields[name]))

    def _find_role(self, place: Place) -> None:
        """Find the role of the line, if all lines that lead here have the same one."""
        in_header = place.letter and place.meaning.part == "header"
        if self.role is None and len(place.roles) == 1 and not (in_header or self._is_spelled):
            self._set_role(next(iter(place.roles)))

    def _last_place(self) -> Place:
        """The reader's place after the last field or special token and the literal text since."""
        places = self._binding.format.machine.all
        at, literal = self.origin, self.literal
        if at is None:  # the message began with literal text
            at, literal = self._first, literal[1:]
        for letter in literal:
            following = (places[move.target] for move in at.moves)
            at = next((place for place in following if place.letter == letter), at)
        return at

    def _set_role(self, role: str) -> None:
        self.role = role
        waits = self._stop_at is not None and self._stop_at == self.position
        (self._waiting if waits else self._events).append(MessageStart(self.index, role))
        for name, value in self.heading.fields.items():  # those before it
            self._events.append(HeaderField(self.index, name, value))
        if role == self.goes_on:  # the model wrote this header from its first id
            self._continued = True
            self._span.generate(self.begins_at)

    def begin_prompted(self) -> None:
        """Treat the open message so far as a prompt that the model continues from here."""
        if self.is_open:
            self._prompt_end = self.index, self.origin, self.literal

    @property
    def is_prompted(self) -> bool:
        """Whether the message has a prompt that was written before."""
        return self.index == self._prompt_end[0]

    @property
    def own_literal(self) -> str:
        """Literal text read since the last field or special token, without any prompt."""
        _, origin, given = self._prompt_end
        begun = self.is_prompted and self.origin is origin
        return self.literal.removeprefix(given) if begun else self.literal

    def begin_generated(self) -> None:
        """Begin the model's text, or continue a prompt that says there is no reasoning."""
        closers = self._binding.lone_closers.get(self.role or "")
        known = self._generating or "reasoning" in self.texts or self._continued
        self._generating = True
        if closers is not None and not known and self.index != self.prompted:
            self._empty_reasoning = EmptyReasoning(closers)

    def end_empty_reasoning(self, at: int) -> None:
        """Count a message without an end token as a prompt's, if all it has is empty reasoning."""
        unended = self.role in self._binding.format.unended
        closed = self._empty_reasoning is not None and self._empty_reasoning.is_closed
        if unended and closed and not self.has_reasoning:
            self._span.prompted(self.begins_at, at)

    @property
    def has_reasoning(self) -> bool:
        """Whether its reasoning has text."""
        return any(self.texts.get("reasoning", ()))

    @property
    def is_stop(self) -> bool:
        """Whether the message so far is only the token that ended the one before."""
        return self.is_open and self._stop_at == self.position

    def know_role(self, place: Place) -> None:
        """Find the role from a place where the message ends or breaks, if it is not known."""
        if self.role is None and len(place.roles) == 1:
            self._set_role(next(iter(place.roles)))

    def end_at(self, place: Place) -> None:
        """Let whatever follows end the message at a place, which shows the role if unknown."""
        if self.role is None and len(place.closes) == 1:
            self._set_role(next(iter(place.closes)))

    def recognise_role(self) -> None:
        """Take the role from a header that stops within it or after it, if it is one."""
        if self.role is None and self.heading.fields.get("role") in self._roles:
            self._end_of_header_field()
