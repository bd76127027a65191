"""What a lenient reader does where no reading goes on. No byte is lost on the way.

- A way on that skips little of what the format writes (see `chatfmt.wire.read.recovery`) is followed.
- White space in the wrong place is passed over.
- A special token that begins a message begins one, and the message before it is cut off; one that ends
  messages ends it. Any other, and an id that is not in the vocabulary, is passed over.
- Other text cannot be placed: the reader is *lost* until a special token leads on.

Whatever is passed over comes out as a `Stray` event, and its ids are ``stray`` in the spans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import IssueKind, shown
from chatfmt.wire.events import Stray
from chatfmt.wire.read.steps import HERE, Run, decode
from chatfmt.wire.utf8 import Utf8

if TYPE_CHECKING:
    from chatfmt.wire.read.recovery import Way
    from chatfmt.wire.read.steps import State, Step
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["Lenient"]


class Lenient:
    """The part of a `StreamParser` that takes what it cannot read."""

    def __init__(self, parser: StreamParser) -> None:
        self._parser = parser
        self.lost: State | None = None
        """Where the reader stood when it was lost; None while it is not."""
        self._utf8 = Utf8()

    def take(self, token: int) -> None:
        """Take an id with which no reading goes on, or any id while the reader is lost."""
        binding = self._parser.binding
        spelling = binding.spellings.get(token)
        if spelling is not None:
            self._special(spelling, token)
            return
        try:
            data = binding.text[token]
        except KeyError:
            self._unknown(token)
            return
        if self.lost is not None:
            text, _ = self._utf8.feed(data, self._parser.position)
            self._pass_over(token, text)
        else:
            self._text(token, data)

    # -- special tokens -------------------------------------------------------------------------

    def _special(self, spelling: str, token: int) -> None:
        parser, draft = self._parser, self._parser.draft
        if self.lost is not None:
            self._pass_over(token, self._utf8.flush())
        state = self.lost or parser.state
        places = tuple(place for place, _ in state.threads)
        way = parser.steps.repairs.find(places, spelling)
        starts = spelling in parser.steps.places.all[parser.steps.places.between].specials
        if way is not None and (way.begins or (starts and draft.is_open and way.past_special)):
            way = None
        if self.lost is None:
            self._report_special(spelling, token, way)
        if way is not None:
            self._follow(way)
            parser.go(self._sure(parser.steps.special(parser.state, spelling)), token)
        elif starts:
            self._cut_off()
            self._between()
            parser.go(self._sure(parser.steps.special(parser.state, spelling)), token)
        elif spelling in parser.steps.places.end_spellings:
            self._end(spelling, token)
        else:
            self._pass_over(token, spelling)

    def _report_special(self, spelling: str, token: int, way: Way | None) -> None:
        parser = self._parser
        expected = None
        if way is not None and parser.state.free and not way.past_special:
            expected = f"{way.spelling!r} before it"
        elif parser.draft.is_open and not parser.state.free and parser.may_follow(spelling):
            found = f"{shown(parser.draft.run)} and then {spelling}"
            parser.issue(IssueKind.MALFORMED_HEADER, found)
            return
        parser.issue(IssueKind.UNEXPECTED_SPECIAL, parser.binding.show(token), expected)

    def _follow(self, way: Way) -> None:
        parser, places = self._parser, self._parser.steps.places
        parser.settle(way.thread)
        self.lost = None
        skipped = [Run(places.all[place], "", HERE, enters=True) for place, _ in way.skipped]
        parser.draft.take(skipped, parser.position, parser.pending_at, -1)
        parser.stand(way.place)

    def _between(self) -> None:
        self.lost = None
        self._parser.stand(self._parser.steps.places.between)

    def _end(self, spelling: str, token: int) -> None:
        """A token ends the message that would not end here."""
        parser, draft = self._parser, self._parser.draft
        self._settle()
        if draft.is_open and draft.role is not None:
            if draft.literal:
                self._tell(token, draft.literal)
            end = parser.steps.places.end_place(spelling, draft.role)
            self.lost = None
            parser.span.switch(parser.position, draft.index, "end", generated=parser.span.generated)
            draft.finish(token)
            parser.stand(parser.steps.places.between if end is None else end)
        else:
            self._give_up(token)
            self._pass_over(token, spelling)
            self._between()

    def _cut_off(self) -> None:
        """The message is over without its end token."""
        draft = self._parser.draft
        self._settle()
        if draft.is_open and draft.role is not None:
            if draft.literal:
                self._tell(-1, draft.literal)
            draft.finish(None)
        else:
            self._give_up(-1)
            draft.goes_on = None

    # -- text -----------------------------------------------------------------------------------

    def _text(self, token: int, data: bytes) -> None:
        parser = self._parser
        state = parser.state
        characters, rest, at, invalid = decode(state.pending, data, split=state.split)
        parser.set_pending(b"", split=False)
        passed, reported = "", False
        for where in invalid:
            parser.issue_invalid(where)
        for i, (character, where) in enumerate(characters):
            step = parser.steps.character(parser.state, character, where)
            if step is None:
                left = "".join(c for c, _ in characters[i:])
                if not reported:
                    self._report_text(token, left)
                    reported = True
                if character.isspace():
                    passed += character
                    continue
                step = self._way_on(left, where)
            if passed:
                self._tell(token, passed)
                passed = ""
            if step is None:
                self.lose(token, left + self._begin(rest))
                return
            parser.go(step, token)
        if passed:
            self._tell(token, passed)
            if passed == "".join(c for c, _ in characters):
                self._mark()
        parser.set_pending(rest, split=at > 0 or (at < 0 and state.split))
        if rest and at >= 0:
            parser.pending_at = parser.position

    def _begin(self, rest: bytes) -> str:
        return self._utf8.feed(rest, self._parser.position)[0] if rest else ""

    def _way_on(self, text: str, where: int) -> Step | None:
        parser = self._parser
        places = tuple(place for place, _ in parser.state.threads)
        way = parser.steps.repairs.find(places, text[0])
        if way is None or (way.begins and not self._names_a_role(text)):
            return None
        self._follow(way)
        return parser.steps.character(parser.state, text[0], where)

    def _names_a_role(self, text: str) -> bool:
        spellings = self._parser.binding.format.role_spellings.values()
        return any(text.startswith(spelling) for spelling in spellings)

    def _report_text(self, token: int, left: str) -> None:
        parser = self._parser
        in_text = bool(parser.draft.run) or parser.expects_text
        if parser.draft.is_open and in_text:
            parser.issue(IssueKind.MALFORMED_HEADER, shown(parser.draft.run + left))
        elif not parser.draft.is_open and parser.expects_text and not parser.in_literal:
            parser.issue(IssueKind.MALFORMED_HEADER, shown(left))
        else:
            parser.issue(IssueKind.UNEXPECTED_TEXT, parser.binding.show(token))

    def _unknown(self, token: int) -> None:
        parser = self._parser
        if self.lost is None or parser.draft.is_open:
            found = parser.binding.show(token)
            parser.issue(IssueKind.OUT_OF_VOCABULARY, found, "an id of the encoding")
        self._pass_over(token, "")

    # -- what is passed over --------------------------------------------------------------------

    def lose(self, token: int, text: str) -> None:
        """Text came that cannot be placed: from here on it is passed over."""
        parser, draft = self._parser, self._parser.draft
        self._settle()
        if draft.is_open and draft.role is None:
            self._give_up(token)
        text, draft.literal = draft.literal + text, ""
        index = draft.index if draft.is_open else None
        parser.span.switch(parser.position, index, "stray", generated=False)
        self._tell(token, text)
        self.lost = parser.state

    def _settle(self) -> None:
        """Of several readings take the likeliest, and what it holds back with it."""
        parser = self._parser
        if self.lost is None:
            parser.settle(parser.likeliest())
            place = parser.steps.places.all[parser.state.threads[0][0]]
            if place.held and place.meaning.field is not None:
                parser.draft.add_text(place.meaning.field, place.held)
                parser.stand(parser.steps.places.unheld(place.index))
        parser.draft.recognise_role()

    def _give_up(self, token: int) -> None:
        """Nobody knows whose message it is: its ids belong to none."""
        draft = self._parser.draft
        if draft.is_open:
            self._parser.span.switch(draft.begins_at, None, "stray", generated=False)
            text, draft.literal = draft.header, ""
            draft.drop()
            self._tell(token, text)

    def _pass_over(self, token: int, text: str) -> None:
        self._tell(token, text)
        if self.lost is None:
            self._mark()

    def _mark(self) -> None:
        """This one id belongs nowhere; what follows goes on as before."""
        parser, span = self._parser, self._parser.span
        message, part, generated = span.message, span.part, span.generated
        index = parser.draft.index if parser.draft.is_open else None
        span.switch(parser.position, index, "stray", generated=False)
        if index is not None:
            span.switch(parser.position + 1, message, part, generated=generated)

    def _tell(self, token: int, text: str) -> None:
        if text:
            draft = self._parser.draft
            index = draft.index if draft.is_open else None
            self._parser.tell(Stray(index, None if token < 0 else token, text))

    def end(self) -> None:
        """The input ends; a message that is open is cut off."""
        parser, draft = self._parser, self._parser.draft
        if self.lost is not None:
            self._tell(-1, self._utf8.flush())
        if not draft.is_open:
            return
        self._settle()
        if draft.literal:
            self._tell(-1, draft.literal)
        if draft.role is None:
            self._give_up(-1)
            return
        begun = draft.has_begun
        draft.finish(None)
        if not begun:
            parser.messages.pop()

    @staticmethod
    def _sure(step: Step | None) -> Step:
        assert step is not None  # noqa: S101 - the way leads to where the token is taken
        return step
