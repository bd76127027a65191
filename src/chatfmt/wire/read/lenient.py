"""Recovery of a lenient reader when no reading continues. No byte is lost on the way.

- It follows a way that skips little of what the format writes (see `chatfmt.wire.read.recovery`).
- White space in the wrong place is passed over.
- A special token that begins a message begins one, and the message before it is cut off; one that
  ends messages ends it. One that comes later in calls gives up a call that lists its arguments,
  because within a value it would not show that they are incomplete. Any other special token, and an
  id that is not in the vocabulary, is passed over.
- Other text cannot be placed: the reader is *lost* until a special token leads on.

Everything passed over comes out as a `Stray` event, and its ids are ``stray`` in the spans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import IssueKind
from chatfmt.wire.read.characters import PENDING, decode
from chatfmt.wire.read.findings import Findings
from chatfmt.wire.read.stray import Strays
from chatfmt.wire.read.ways import Ways

if TYPE_CHECKING:
    from chatfmt.wire.read.reader import Reader
    from chatfmt.wire.read.state import Step

__all__ = ["Lenient"]


class Lenient:
    """Takes ids that a reader cannot read, and leads it on."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._strays = Strays(reader)
        self._ways = Ways(reader, self._strays)
        self._findings = Findings(reader)

    def leads_on(self, spelling: str) -> bool:
        """Whether this special token leads on from where the reader is lost."""
        return self._ways.leads_on(spelling)

    def end(self, *, followed: bool) -> None:
        """End the input, or begin another message; an open one is cut off."""
        self._strays.end(followed=followed)

    def take(self, token: int) -> None:
        """Take an id with which no reading continues, or any id while the reader is lost."""
        reader, binding = self._reader, self._reader.binding
        try:
            data = binding.text[token]
        except KeyError:
            if reader.state.pending and reader.lost is None:
                self._end_character(token)
            if token in binding.spellings:
                self._special(binding.spellings[token], token)
            else:
                self._unknown(token)
            return
        if reader.lost is not None:
            text, _ = self._strays.utf8.feed(data, reader.position)
            self._strays.lose_more(token, text)
        else:
            self._text(token, data)

    def _end_character(self, token: int) -> None:
        """Give up on a character that has begun, because no text has come."""
        reader = self._reader
        reader.report.invalid(PENDING)
        step = reader.steps.flush(reader.state)
        if step is not None:
            reader.go(step, token)
        else:
            reader.set_pending(b"", split=False)
            self._strays.lose(token, "\N{REPLACEMENT CHARACTER}")

    # -- special tokens -------------------------------------------------------------------------

    def _special(self, spelling: str, token: int) -> None:
        reader = self._reader
        if self._reader.lost is not None:
            self._strays.lose_more(token, self._strays.utf8.flush())
        way = self._ways.to(spelling)
        if self._reader.lost is None:
            self._findings.special(spelling, token, way)
        if way is not None and self._ways.follow(way):
            reader.go(self._sure(reader.steps.special(reader.state, spelling)), token)
        elif self._ways.starts(spelling) and not self._ends_here(spelling):
            self._strays.cut_off(token)
            self._between()
            reader.go(self._sure(reader.steps.special(reader.state, spelling)), token)
        elif spelling in reader.steps.machine.end_spellings or self._stops_here(token):
            self._end(spelling, token)
        elif self._ways.past_arguments(spelling):
            reader.go(self._sure(reader.steps.special(reader.state, spelling)), token)
        else:
            self._strays.pass_over(token, spelling)

    def _ends_here(self, spelling: str) -> bool:
        """Whether this token ends the open message; one that is empty may begin with it, too."""
        draft = self._reader.draft
        role = draft.role if draft.is_open else None
        return role is not None and self._reader.steps.machine.end_place(spelling, role) is not None

    def _stops_here(self, token: int) -> bool:
        """Whether this token stops a model whose message has no end of its own."""
        draft, binding = self._reader.draft, self._reader.binding
        unended = draft.is_open and draft.role in binding.format.unended
        return unended and token in binding.stops

    def _between(self) -> None:
        self._reader.lost = None
        self._reader.stand(self._reader.steps.machine.between)

    def _end(self, spelling: str, token: int) -> None:
        """End the message by a token, although it would not end here."""
        reader, draft = self._reader, self._reader.draft
        self._strays.settle()
        if draft.is_open and draft.role is not None:
            self._strays.tell_literal(token)
            machine = reader.steps.machine
            end = machine.end_place(spelling, draft.role)
            self._reader.lost = None
            written = reader.span.generated if end is None else draft.generates(machine.all[end])
            reader.span.switch(reader.position, draft.index, "end", generated=written)
            if reader.is_within_call:
                draft.calls.break_off()
            draft.finish(token)
            draft.unended = False
            reader.stand(reader.steps.machine.between if end is None else end)
        else:
            self._strays.give_up(token)
            self._strays.pass_over(token, spelling)
            self._between()

    def end_header(self, token: int) -> None:
        """End a header that is longer than the format allows; its own end counts if it has come."""
        reader = self._reader
        most = reader.binding.format.longest_header
        reader.report.issue(
            IssueKind.MALFORMED_HEADER,
            f"more than {most:,} characters",
            f"a header of at most {most:,} characters",
        )
        if reader.state.free:
            reader.settle(reader.likeliest())
        else:
            reader.set_pending(b"", split=False)
            self._strays.lose(token, "")
        reader.draft.heading.forget()

    # -- text -----------------------------------------------------------------------------------

    def _text(self, token: int, data: bytes) -> None:
        reader = self._reader
        state = reader.state
        characters, rest, at, invalid = decode(state.pending, data, split=state.split)
        reader.set_pending(b"", split=False)
        for where in invalid:
            reader.report.invalid(where)
        passed, reported = "", False
        for i, (character, where) in enumerate(characters):
            step = reader.steps.character(reader.state, character, where)
            if step is None:
                left = "".join(c for c, _ in characters[i:])
                if not reported:
                    self._findings.text(token, left)
                    reported = True
                if character.isspace():
                    passed += character
                    reader.break_off()
                    continue
                step = self._way_on(left, where)
            self._strays.tell(token, passed)
            passed = ""
            if step is None:
                self._strays.lose(token, left + self._begin(rest))
                return
            reader.go(step, token)
        self._strays.tell(token, passed)
        if passed and len(passed) == len(characters):
            self._strays.mark()
        if rest and not reader.steps.may_begin(reader.state, rest):
            self._lose_half(token, rest, reported=reported)
        else:
            reader.set_pending(rest, split=at > 0)
            if rest:
                reader.pending_at = reader.position

    def _lose_half(self, token: int, rest: bytes, *, reported: bool) -> None:
        """Take half a character where no such character is allowed."""
        text = self._begin(rest)
        if not reported:
            self._findings.text(token, text)
        self._strays.lose(token, text)

    def _begin(self, rest: bytes) -> str:
        return self._strays.utf8.feed(rest, self._reader.position)[0] if rest else ""

    def _way_on(self, text: str, where: int) -> Step | None:
        reader = self._reader
        way = reader.steps.repairs.find(reader.stands(), text[0])
        if way is None or (way.begins and not self._names_a_role(text)):
            return None
        if not self._ways.follow(way):
            return None
        return reader.steps.character(reader.state, text[0], where)

    def _names_a_role(self, text: str) -> bool:
        spellings = self._reader.binding.format.role_spellings.values()
        return any(text.startswith(spelling) for spelling in spellings)

    def _unknown(self, token: int) -> None:
        reader = self._reader
        if self._reader.lost is None or reader.draft.is_open:
            found = reader.binding.show(token)
            reader.report.issue(IssueKind.OUT_OF_VOCABULARY, found, "an id of the encoding")
        self._strays.pass_over(token, "")

    @staticmethod
    def _sure(step: Step | None) -> Step:
        assert step is not None  # noqa: S101 - the way leads to where the token is taken
        return step
