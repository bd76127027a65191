"""The message that is being read: runs of characters become its fields, events and spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.place import FIRST_CALL
from chatfmt.line.scanners import JsonString
from chatfmt.wire.events import ContentDelta, MessageEnd
from chatfmt.wire.read.characters import WITHIN, WITHIN_PENDING
from chatfmt.wire.read.headed import Headed
from chatfmt.wire.read.strings import string_so_far
from chatfmt.wire.read.twin import twin
from chatfmt.wire.read.walk import is_of_call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatfmt.conversation import Message
    from chatfmt.line.place import Place
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.inside import Inside
    from chatfmt.wire.read.tell import Tell
    from chatfmt.wire.read.walk import Run
    from chatfmt.wire.spanwriter import SpanWriter

__all__ = ["Draft"]


NO_ID = -1
"""Stands for the id if a message ends without one."""

_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class Draft(Headed):
    """Reads one message after the other.

    Args:
        binding: format and encoding.
        span: the writer of spans.
        messages, events: the lists for these.
        tell: called with faults.
        inside: the places within calls, and within arguments.
    """

    def __init__(
        self,
        binding: Binding,
        span: SpanWriter,
        messages: list[Message],
        events: list[Event],
        tell: Tell,
        *,
        inside: Inside,
    ) -> None:
        self._inside = inside
        super().__init__(binding, span, messages, events, tell)

    def take(self, runs: Iterable[Run], position: int, pending_at: int, token: int) -> None:
        """Take the runs of one id at ``position``; pending characters began at ``pending_at``."""
        self.position = position
        if self._waiting and position != self._stop_at:
            self._events += self._waiting
            self._waiting = []
        for place, text, where, enters, _ in runs:
            if enters:
                at = position if where <= WITHIN else pending_at
                self._enter(place, at, within=where in (WITHIN, WITHIN_PENDING), token=token)
            if text:
                self.add_text(place, text)

    def _enter(self, place: Place, at: int, *, within: bool, token: int) -> None:
        meaning = place.meaning
        self._end_of_field(meaning.field)
        if meaning.opens in ("message", FIRST_CALL):
            if self.is_open:
                if self.role is None:
                    self.end_at(self._last_place())
                self.end_empty_reasoning(at)
                self.finish(token)
            self.begin(at)
            self._first = place
            self._stop_at = at if self.unended and token in self._binding.stops else None
        if meaning.generated:
            self.begin_generated()
        empty = self._empty_reasoning
        if empty is not None and empty.end_before(place) and not self.has_reasoning:
            self._span.prompted(self.begins_at, at + within)
        if meaning.opens is not None or self.calls.open is not None:
            self.calls.enter(meaning.opens, within=place.index in self._inside.calls)
        if meaning.field is not None or not place.letter:
            self.origin, self.literal = place, ""
        if meaning.field is None and not place.letter:
            self._enter_token(place, token)
        self._begin_part(place, at, within=within)
        if meaning.part == "end" and not place.letter:
            self._end(token)

    def _enter_token(self, place: Place, token: int) -> None:
        """Take a special token."""
        self.heading.begin_run()
        self.node = place
        if self.calls.open is not None:
            spelling = self._binding.spellings.get(token, "")  # a skipped token has no id
            opens = place.meaning.opens in ("call", FIRST_CALL)
            self.calls.frame(spelling, literal=False, opens=opens)
            self.calls.end_field(goes_on=place.index in self._inside.arguments)

    def _end_of_field(self, field: str | None) -> None:
        """End the last field if this is another one."""
        if self.heading.field not in (None, field):
            self._end_of_header_field()
        if self._coded:
            self._decode()

    def _end(self, token: int) -> None:
        """Take the end token of a message, or of the envelope around some."""
        if self.is_open:
            self.finish(token)
        self._span.write(self.position + 1)

    def _begin_part(self, place: Place, at: int, *, within: bool) -> None:
        meaning = place.meaning
        part = meaning.part
        if part == "tail" or not self.is_open:
            index = None if part in ("prologue", "stray") else self.index
            self._span.switch(at + within, index, part, generated=False)
            return
        self._find_role(place)
        generated = self.generates(place) or at == self._stop_at
        if meaning.gives is not None and meaning.gives not in self.texts:
            self.texts[meaning.gives] = []
            if meaning.gives == "reasoning" != meaning.field and self.index != self.prompted:
                self._begin_reasoning()
        if (part, generated) != (self._span.part, self._span.generated):
            if within and generated != self._span.generated and self._is_cut:
                self._tell_wrong.straddles(at)
            self._span.switch(at + within, self.index, part, generated=generated)

    def add_text(self, place: Place, text: str) -> None:
        """Add more text of a field, or literal text."""
        field = place.meaning.field
        if is_of_call(place):
            self.calls.add(place, text)
            return
        if isinstance(place.scanner, JsonString):
            self._coded.setdefault(str(field), []).append(text)
            return
        if place.is_free:
            self.texts.setdefault(field, []).append(text)  # type: ignore[arg-type]
            self._events.append(_new(ContentDelta, (self.index, field, text)))
            return
        self.heading.add(field, text, in_header=place.meaning.part == "header")
        if field is None:
            self.literal += text
            self.calls.frame(text, literal=True)
            self.calls.end_field(goes_on=place.index in self._inside.arguments)

    def _decode(self) -> None:
        """Complete a field that is spelled as a JSON string, or end it as far as it came."""
        coded, self._coded = self._coded, {}
        for field, parts in coded.items():
            raw = "".join(parts)
            text, is_text = string_so_far(raw)
            if not is_text:
                self._tell_wrong.wrong_string(raw)
            self.texts.setdefault(field, []).append(text)
            if text:
                self._events.append(_new(ContentDelta, (self.index, field, text)))

    def generates(self, place: Place) -> bool:
        """Whether the model writes the symbol that leads to a place."""
        return place.meaning.generated or self._continued

    # -- where messages begin and end -----------------------------------------------------------

    def begin(self, at: int) -> None:
        """Begin a message with the id at this position."""
        self._clear()
        self.is_open = True
        self.begins_at = at
        self._span.switch(at, self.index, "header", generated=False)

    def finish(self, token: int | None) -> None:
        """End the message, with its end token or without."""
        if self.heading.field is not None:
            self._end_of_header_field()
        if self._coded:
            self._decode()
        self.calls.end()
        message = self.message()
        self.messages.append(message)
        end = None if token == NO_ID else token
        self._events.append(_new(MessageEnd, (self.index, message, end)))
        goes_on = token in self._binding.continues and self.role in self._binding.format.prompted
        self.goes_on = self.role if goes_on else None
        self.unended = self.role in self._binding.format.unended
        self.is_open = False

    def renumber(self, fewer: int) -> None:
        """Forget this many earlier messages; the current message has no calls."""
        self.index -= fewer
        prompted, origin, given = self._prompt_end
        self._prompt_end = prompted - fewer, origin, given

    def drop(self) -> None:
        """Drop the message, which never began properly; its known header is reported anyway."""
        if self.heading.field is not None and self.role is not None:
            self._end_of_header_field()
        self.heading.end_field()
        self.is_open = False

    def copy(
        self, span: SpanWriter, messages: list[Message], events: list[Event], tell: Tell
    ) -> Draft:
        """An independent draft that has read the same; the arguments are those of the class."""
        other = twin(self)
        other._span, other.messages, other._events = span, messages, events
        other._tell_wrong = tell
        other._waiting = [*self._waiting]
        other._empty_reasoning = self._empty_reasoning and twin(self._empty_reasoning)
        other.heading = self.heading.copy()
        other._coded = {name: [*parts] for name, parts in self._coded.items()}
        other.calls = self.calls.copy(events, tell.wrong_call)
        other.texts = {name: [*chunks] for name, chunks in self.texts.items()}
        return other
