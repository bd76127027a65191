"""Ids that a lenient reader cannot place, and messages that are given up or cut off for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.wire.events import Stray
from chatfmt.wire.utf8 import Utf8

if TYPE_CHECKING:
    from chatfmt.wire.read.reader import Reader

__all__ = ["Strays"]


class Strays:
    """Gives out everything that a reader cannot place; none of it is lost."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.utf8 = Utf8()
        """Decodes the ids that are passed over."""
        self._in_call = False  # whether the reader was lost within a call

    def lose(self, token: int, text: str) -> None:
        """Pass over text that cannot be placed, and everything from here on."""
        reader, draft = self._reader, self._reader.draft
        self.settle()
        if draft.is_open and draft.role is None:
            self.give_up(token)
            reader.stand(reader.steps.machine.between)
        self._in_call = reader.is_within_call
        is_kept = reader.literal_is_whole or draft.calls.keeps_literal
        ends_call = reader.places()[0].ends_call
        begun = "" if (self._in_call and is_kept) or ends_call else draft.own_literal
        stand = reader.stands()[0]
        beginning = reader.steps.repairs.beginning(stand)
        if beginning != stand.place:
            reader.stand(beginning)
        reader.break_off()
        text, draft.literal = begun + text, ""
        index = draft.index if draft.is_open else None
        reader.span.switch(reader.position, index, "stray", generated=False)
        if index is None:
            draft.goes_on = None
        reader.lost = reader.state
        self.lose_more(token, text)

    def lose_more(self, token: int, text: str) -> None:
        """Take more text that cannot be placed: in a call it breaks the call."""
        if text and self._in_call:
            self._reader.draft.calls.lose(text)
        else:
            self.pass_over(token, text)

    def settle(self) -> None:
        """Choose the likeliest of several readings, and write the text that it holds back."""
        reader = self._reader
        if self._reader.lost is None:
            reader.settle(reader.likeliest())
            place = reader.steps.machine.all[reader.state.threads[0][0]]
            if place.held and place.meaning.field is not None:
                reader.draft.add_text(place, place.held)
                reader.stand(reader.steps.machine.unheld(place.index))
        reader.draft.recognise_role()
        place = reader.places()[0]
        prompted = place.meaning.generated or reader.draft.is_prompted
        if reader.lost is None and prompted:  # its prompt is complete
            reader.draft.know_role(place)

    def cut_off(self, token: int) -> None:
        """Cut the message off: another begins with this id.

        If messages have no end of their own, that id ends it, as always.
        """
        draft = self._reader.draft
        self.settle()
        if draft.is_open and draft.role is not None:
            self.tell_literal(-1)
            self._cut_off_call()
            unended = draft.role in self._reader.binding.format.unended
            draft.finish(token if unended else None)
        else:
            self.give_up(-1)

    def _cut_off_call(self) -> None:
        lost = self._reader.lost is not None
        if self._in_call if lost else self._reader.is_within_call:
            self._reader.draft.calls.cut_off()

    def give_up(self, token: int) -> None:
        """Give up the message, whose role is unknown: its ids belong to none."""
        draft = self._reader.draft
        if draft.is_open:
            self._reader.span.switch(draft.begins_at, None, "stray", generated=False)
            text, draft.literal = draft.heading.text, ""
            if text:
                draft.goes_on = None
            draft.drop()
            self.tell(token, text)

    def pass_over(self, token: int, text: str) -> None:
        """Pass over an id, with its text."""
        at = self._reader.position
        self._reader.draft.take((), at, at, token)  # a stop token before it did begin this message
        self.tell(token, text)
        if self._reader.lost is None:
            self.mark()
            self._reader.break_off()

    def mark(self) -> None:
        """Mark this one id as stray; the following ones continue as before."""
        reader, span = self._reader, self._reader.span
        message, part, generated = span.message, span.part, span.generated
        index = reader.draft.index if reader.draft.is_open else None
        span.switch(reader.position, index, "stray", generated=False)
        if index is not None:
            span.switch(reader.position + 1, message, part, generated=generated)

    def tell(self, token: int, text: str) -> None:
        """Give out text without a place, and the id in which it ends; -1 if in none."""
        if text:
            draft = self._reader.draft
            index = draft.index if draft.is_open else None
            self._reader.tell(Stray(index, None if token < 0 else token, text))
            if self._reader.literal_is_whole:
                draft.literal = ""  # it is the layout's, and does not come out after this

    def tell_literal(self, token: int) -> None:
        """Give out literal text with which nothing continues, unless a call does so."""
        if not self._reader.draft.calls.keeps_literal:
            self.tell(token, self._reader.draft.own_literal)

    def end(self, *, followed: bool) -> None:
        """End the input, or begin another message; an open one is cut off."""
        reader, draft = self._reader, self._reader.draft
        if reader.lost is not None:
            self.lose_more(-1, self.utf8.flush())
        elif reader.state.pending and (step := reader.steps.flush(reader.state)) is not None:
            reader.go(step, -1)
        whole = reader.lost is None and reader.may_end  # it has no end token
        if whole:  # the text before the end is the layout's, though it may be text of a field
            reader.settle(reader.accepting())
        elif reader.readings is not None:  # they may have all the text of the message
            self.settle()
        if not draft.is_open:
            return
        if whole:
            draft.end_at(reader.places()[0])
            draft.know_role(reader.places()[0])
        draft.goes_on = None  # the ids of a header that is cut off keep their part
        self.settle()
        if draft.role is None:  # no one knows whose it would have been
            self.tell(-1, draft.heading.text)
            return
        if not (reader.literal_is_whole or reader.places()[0].ends_call):
            self.tell_literal(-1)
        if draft.has_begun or whole or followed:
            self._cut_off_call()
            draft.end_empty_reasoning(reader.position)
            draft.finish(None)
        else:
            draft.drop()
