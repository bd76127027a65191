"""Taking ids in: many at once, or one that needs more than a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import IssueKind
from chatfmt.wire.events import ContentDelta
from chatfmt.wire.ids import as_ids
from chatfmt.wire.read.characters import PENDING
from chatfmt.wire.read.lenient import Lenient
from chatfmt.wire.read.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.errors import Issue
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.spans import Span

__all__ = ["Intake"]

_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class Intake:
    """The half of `chatfmt.wire.read.parser.StreamParser` that takes ids in and is closed."""

    def __init__(
        self,
        binding: Binding,
        *,
        strict: bool,
        prologue: bool = True,
        position: int = 0,
        goes_on: str | None = None,
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
            messages=self.messages,
            spans=self.spans,
            issues=self.issues,
        )
        self._lenient = Lenient(self._reader)
        self._table = binding.text
        self._any_text = binding.whole
        self._whole: dict[int, str] = binding.whole
        self._closed = False
        # where text goes that needs no more thought: free text, nothing pending or held back
        self._sink: list[str] | None = None
        self._sunk_from = 0
        self._index = 0
        self._field = ""

    def prime(self, prompt: Sequence[int]) -> None:
        """Take a prompt that was written before; positions count from after it.

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
        reader.events[:] = self.feed_all(prompt)
        self.spans.clear()
        reader.draft.prompted = 0

    def feed_all(self, ids: Sequence[int]) -> list[Event]:
        """Take any number of ids; the same as one after the other, but for the size of deltas.

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

    def close(self) -> list[Event]:
        """The input ends here; in a strict parse not within a message.

        A closed parser takes nothing more: each way in raises ValueError. To close it once more
        does nothing.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> _ = parser.feed(13225)
        >>> parser.close()
        [MessageEnd(index=0, message=Message(role='assistant', content='Hello'), token=None)]
        """
        if self._closed:
            return []
        self._leave_sink()
        self._check_open()
        reader = self._reader
        complete = reader.lost is None and reader.may_end
        if (not complete or reader.state.pending) and (reader.draft.is_open or reader.lost is None):
            reader.report.issue(IssueKind.OPEN_MESSAGE, "the end of the input")
        if reader.state.pending:
            reader.report.invalid(PENDING)
        self._lenient.end()
        reader.span.write(reader.position)
        self._closed = True
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
        # ids that go into the sink are counted by it: to count each one costs a fifth of its time
        if self._sink is None:
            return self._reader.position
        return self._sunk_from + len(self._sink)

    def _leave_sink(self) -> None:
        self._reader.position, self._sink = self.position, None

    def _find_sink(self) -> None:
        """From here on, until an id does more than that, `feed` need not look at anything else.

        Where any text goes on in the field these are the ids that are whole text; elsewhere those
        of which it is known.
        """
        reader = self._reader
        state = reader.state
        field = state.field or state.stays_in
        if field in reader.draft.texts and reader.lost is None and reader.readings is None:
            self._whole = self._any_text if state.field else state.stays
            sink = reader.draft.texts[field]  # there is none within a call
            self._sink, self._field, self._index = sink, field, reader.draft.index
            self._sunk_from = reader.position - len(sink)

    def _text_run(self, ids: Sequence[int], at: int) -> int:
        """Take all text that goes on in the field in one go; where it stopped."""
        self._find_sink()
        if self._sink is None:
            return at
        sink, self._sink = self._sink, None
        if self._whole is self._any_text:
            stop, text = _any_run(self._table, ids, at)
        else:
            stop, text = _known_run(self._whole, ids, at)
        if text is None:
            for token in ids[at:stop]:
                self._take(token)
            return stop
        if text:
            self._reader.position += stop - at
            sink.append(text)
            self._tell_text(text)
        return stop if text else at

    def _tell_text(self, text: str) -> None:
        """Give out more of the field, in one event with what came right before."""
        events = self._reader.events
        last = events[-1] if events else None
        if isinstance(last, ContentDelta) and last[:2] == (self._index, self._field):
            text = last.text + text
            events.pop()
        self._reader.tell(_new(ContentDelta, (self._index, self._field, text)))

    def _take(self, token: int) -> None:
        reader = self._reader
        if not reader.take(token):
            self._lenient.take(token)
        if reader.is_overlong and reader.lost is None:
            self._lenient.end_header(token)
        reader.position += 1

    def _taken(self) -> list[Event]:
        events = self._reader.events
        if not events:
            return []
        taken = [*events]
        events.clear()
        return taken

    def _check_open(self) -> None:
        if self._reader.report.failure is not None:
            raise self._reader.report.failure
        if self._closed:
            raise ValueError("the parser is closed; begin another one for further ids")


def _known_run(known: Mapping[int, str], ids: Sequence[int], at: int) -> tuple[int, str]:
    """Where the ids stop of which the text is known, and that text."""
    texts: list[str] = []
    while at < len(ids) and (text := known.get(ids[at])):
        texts.append(text)
        at += 1
    return at, "".join(texts)


def _any_run(table: Mapping[int, bytes], ids: Sequence[int], at: int) -> tuple[int, str | None]:
    """Where the ids stop that are text, and that text; None if it is not UTF-8."""
    stop, end = at, len(ids)
    chunks: list[bytes] = []
    try:
        while stop < end:
            chunks.append(table[ids[stop]])
            stop += 1
    except KeyError:
        pass
    try:
        return stop, b"".join(chunks).decode()
    except UnicodeDecodeError:
        return stop, None
