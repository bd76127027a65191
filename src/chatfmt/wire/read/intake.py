"""Takes ids: many at once, or one that needs more work."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from chatfmt.wire.events import ArgumentsDelta, ContentDelta
from chatfmt.wire.ids import as_ids
from chatfmt.wire.read.lenient import Lenient
from chatfmt.wire.read.reader import Reader
from chatfmt.wire.read.state import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.errors import Issue
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.spans import Span

__all__ = ["Intake"]

_AT_ONCE = 8192
"""How many ids are read together: the texts of a million would not fit a processor's caches."""
_LONGEST = 4
"""The last character of some ids may need this many of them, and more ids to be complete."""

_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class Intake:
    """The part of `chatfmt.wire.read.parser.StreamParser` that takes ids."""

    def __init__(
        self,
        binding: Binding,
        *,
        strict: bool,
        prologue: bool = True,
        position: int = 0,
        goes_on: str | None = None,
        before: str | None = None,
        unended: bool = False,
        messages: list[Message] | None = None,
        spans: list[Span] | None = None,
        issues: list[Issue] | None = None,
    ) -> None:
        self.binding = binding
        self.strict = strict
        self.messages = [] if messages is None else messages
        self.spans = [] if spans is None else spans
        self.issues = [] if issues is None else issues
        self.stop_tokens = binding.stops
        """The ids at which the model stops."""
        self._reader = Reader(
            binding,
            strict=strict,
            prologue=prologue,
            position=position,
            goes_on=goes_on,
            before=before,
            unended=unended,
            messages=self.messages,
            spans=self.spans,
            issues=self.issues,
        )
        self._lenient = Lenient(self._reader)
        self._table = binding.text
        self._any_text = binding.whole
        self._whole: dict[int, str] = binding.whole
        self._closed = False
        # the list for text that needs no more work: free text, nothing pending or held back
        self._sink: list[str] | None = None
        self._sunk_from = 0
        self._index = 0
        self._field: str | int = ""  # or the number of the call whose arguments they are
        self._delta: type[ContentDelta | ArgumentsDelta] = ContentDelta

    def prime(self, prompt: Sequence[int]) -> None:
        """Take a prompt that was written before; positions count from its end.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.position
        0
        """
        self._check_open()
        self._sink = None
        reader = self._reader
        reader.position = reader.span.start = -len(prompt)
        reader.draft.prompted = 0  # the model closes the reasoning that the prompt opens
        reader.events[:] = self.feed_all(prompt)
        self.spans.clear()

    def feed_all(self, ids: Sequence[int]) -> list[Event]:
        """Take any number of ids, with the same result as one by one, except the size of deltas.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().feed_all([13225, 11, 2375])[-1]
        ContentDelta(index=0, part='content', text='Hello, world')
        """
        self._check_open()
        ids = as_ids(ids)
        self._leave_sink()
        at, end = 0, len(ids)
        while at < end:
            at = self._text_run(ids, at)
            if at < end:
                self._take(ids[at])
                at += 1
        self._reader.span.write(self._reader.position)
        return self._taken()

    @property
    def position(self) -> int:
        """Index of the next id.

        >>> import chatfmt
        >>> parser = chatfmt.get_tokenizer("gpt-4o").stream()
        >>> _ = parser.feed(13225)
        >>> parser.position
        1
        """
        # ids in the sink are counted by it: counting each one would cost a fifth of its time
        if self._sink is None:
            return self._reader.position
        return self._sunk_from + len(self._sink)

    def _leave_sink(self) -> None:
        self._reader.position, self._sink = self.position, None

    def _find_sink(self) -> None:
        """Find the ids that `feed` can handle without any other work, until another one comes.

        Where any text continues in the field, these are the ids that are whole text; elsewhere,
        those known to do so.
        """
        reader = self._reader
        state = reader.state
        field = state.field or state.stays_in
        if field is None or reader.lost is not None or reader.readings is not None:
            return
        draft = reader.draft
        if field == ARGUMENTS:
            sink, self._field = draft.calls.sink, len(draft.calls.whole)
            self._delta = ArgumentsDelta
        else:
            sink, self._field = draft.texts.get(field), field
            self._delta = ContentDelta
        if sink is not None:
            self._whole = self._any_text if state.field else state.stays
            self._sink, self._index = sink, draft.index
            self._sunk_from = reader.position - len(sink)

    def _text_run(self, ids: Sequence[int], at: int) -> int:
        """Take all text that continues the field in one go, and return where it stopped."""
        self._find_sink()
        if self._sink is None:
            return at
        sink, self._sink = self._sink, None
        if self._whole is self._any_text:
            text, stop, after = self._any_run(ids, at)
        else:
            text, stop = _known_run(self._whole, ids, at)
            after = stop
        self._reader.position += stop - at
        if text:
            sink.append(text)
            self._tell_text(text)
        for token in ids[stop:after]:
            self._take(token)
        return after

    def _any_run(self, ids: Sequence[int], at: int) -> tuple[str, int, int]:
        """The text of ids, where it stops, and the index up to which to take ids one by one."""
        texts: list[str] = []
        stop, text, after = at, *self._some_text(ids, at)
        while text is not None:
            texts.append(text)
            stop, text, after = after, *self._some_text(ids, after)
        return "".join(texts), stop, after

    def _some_text(self, ids: Sequence[int], at: int) -> tuple[str | None, int]:
        """The text of some ids, and where it stopped; None if they are unknown or invalid UTF-8."""
        table, stop, end = self._table, at, min(len(ids), at + _AT_ONCE)
        chunks: list[bytes] = []
        try:
            while stop < end:
                chunks.append(table[ids[stop]])
                stop += 1
        except KeyError:
            pass  # a special token, or an unknown id
        for kept in range(len(chunks), max(len(chunks) - _LONGEST, 0), -1):
            with suppress(UnicodeDecodeError):
                return b"".join(chunks[:kept]).decode(), at + kept
        return None, stop

    def _tell_text(self, text: str) -> None:
        """Give out more of the field, in one event with the text right before it."""
        events = self._reader.events
        last = events[-1] if events else None
        if isinstance(last, self._delta) and last[:2] == (self._index, self._field):
            text = last.text + text
            events.pop()
        self._reader.tell(_new(self._delta, (self._index, self._field, text)))

    def _take(self, token: int) -> None:
        reader = self._reader
        if not reader.take(token):
            self._lenient.take(token)
        if reader.is_overlong and reader.lost is None:
            self._lenient.end_header(token)
        reader.position += 1

    def _taken(self) -> list[Event]:
        events = self._reader.events
        taken = [*events]
        events.clear()
        return taken

    def _check_open(self) -> None:
        if self._reader.report.failure is not None:
            raise self._reader.report.failure
        if self._closed:
            raise ValueError("the parser is closed; begin another one for further ids")


def _known_run(known: Mapping[int, str], ids: Sequence[int], at: int) -> tuple[str, int]:
    """The text of the known ids, and where they stop."""
    texts: list[str] = []
    while at < len(ids) and (text := known.get(ids[at])):
        texts.append(text)
        at += 1
    return "".join(texts), at
