"""Ids to events, messages, spans and issues, whole or one by one.

In a strict parse what is wrong is raised as a `ParseError` (a straddling token excepted). In a
lenient one it is recorded as an issue, and `Lenient` finds the way on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import IssueKind
from chatfmt.wire.events import ContentDelta
from chatfmt.wire.ids import as_id, as_ids
from chatfmt.wire.read.lenient import Lenient
from chatfmt.wire.read.reader import Reader, write_reading
from chatfmt.wire.read.steps import PENDING
from chatfmt.wire.read.wording import free_field
from chatfmt.wire.spans import OpenMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.conversation import Message
    from chatfmt.errors import Issue
    from chatfmt.line.place import Place
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.spans import Span

__all__ = ["Allowed", "StreamParser", "content_of"]

_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class Allowed(NamedTuple):
    """What may come next, if the message is to be completed.

    >>> import chatfmt
    >>> chatfmt.get_tokenizer("gpt-4o").stream().allowed().text
    True
    """

    special_tokens: frozenset[int]
    """The ids of special tokens."""
    text: bool
    """Whether some text may."""


class StreamParser:
    """The reader. It appends to ``messages``, ``spans`` and ``issues``.

    Args:
        binding: format and encoding.
        strict: raise the first issue (straddling tokens excepted) instead of recording it.
        prologue: expect the format's prologue first.
        position: index of the first id that will be fed.
        goes_on: the role that has ended a message before and may go on with another.
        messages, spans, issues: lists to append to; new ones where left out.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> parser = tok.stream()
    >>> parser.feed(13225)
    [MessageStart(index=0, role='assistant'), ContentDelta(index=0, part='content', text='Hello')]
    >>> parser.close()
    [MessageEnd(index=0, message=Message(role='assistant', content='Hello'), token=None)]
    >>> parser.messages, len(parser.issues)
    ([Message(role='assistant', content='Hello')], 1)
    """

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
        self._whole = binding.whole
        self._closed = False
        # where text goes that needs no more thought: free text, nothing pending or held back
        self._sink: list[str] | None = None
        self._sunk_from = 0
        self._index = 0
        self._field = ""

    # -- what goes in ---------------------------------------------------------------------------

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

    def feed(self, token: int) -> list[Event]:
        """Take one id; the events that it brings about.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().feed(13225)[-1]
        ContentDelta(index=0, part='content', text='Hello')

        Raises:
            ParseError: in a strict parse; the parser is then finished.
            ValueError: the parser is closed.
            TypeError: the id is not an integer; nothing has changed then.
        """
        sink = self._sink
        if sink is not None and token.__class__ is int:
            text = self._whole[token]
            if text:
                sink.append(text)
                return [_new(ContentDelta, (self._index, self._field, text))]
        token = as_id(token)
        self._check_open()
        self._leave_sink()
        self._take(token)
        self._find_sink()
        return self._taken()

    def feed_text(self, token: int) -> str:
        """Take one id, like `feed`; only the text of ``content`` that it brings about.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.feed_text(13225), parser.feed_text(200265)
        ('Hello', '')
        """
        sink = self._sink
        if sink is not None and token.__class__ is int:
            text = self._whole[token]
            if text:
                sink.append(text)
                return text if self._field == "content" else ""
        return content_of(self.feed(token))

    # These two do without a call for each id, which would cost a third of the time more.

    def events(self, ids: Iterable[int]) -> Iterator[Event]:
        """What `feed` gives through the first stop token, or else until `close`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> [type(event).__name__ for event in tok.stream().events([13225])]
        ['MessageStart', 'ContentDelta', 'MessageEnd']
        """
        stops, feed, whole = self.stop_tokens, self.feed, self._whole
        for given in ids:
            if (
                given.__class__ is int
                and (sink := self._sink) is not None
                and (text := whole[given])
            ):
                sink.append(text)
                yield _new(ContentDelta, (self._index, self._field, text))
                continue
            token = as_id(given)
            yield from feed(token)
            if token in stops:
                return
        yield from self.close()

    def texts(self, ids: Iterable[int]) -> Iterator[str]:
        """The text of ``content`` in these events, piece by piece, none of them empty.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> list(tok.stream().texts([13225, 11, 2375, 200265]))
        ['Hello', ',', ' world']
        """
        stops, feed, whole = self.stop_tokens, self.feed, self._whole
        for given in ids:
            if (
                given.__class__ is int
                and (sink := self._sink) is not None
                and (text := whole[given])
            ):
                sink.append(text)
                if self._field == "content":
                    yield text
                continue
            token = as_id(given)
            if text := content_of(feed(token)):
                yield text
            if token in stops:
                return
        if text := content_of(self.close()):
            yield text

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
        """From here on, until an id is no whole text, `feed` need not look at anything else."""
        reader = self._reader
        field = reader.state.field
        if field is not None and reader.lost is None:
            sink = reader.draft.texts[field]
            self._sink, self._field, self._index = sink, field, reader.draft.index
            self._sunk_from = reader.position - len(sink)

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

    def _text_run(self, ids: Sequence[int], at: int) -> int:
        """In free text take all text to the next special token in one go; where it stopped."""
        self._find_sink()
        if self._sink is None:
            return at
        table, stop, end = self._table, at, len(ids)
        chunks: list[bytes] = []
        try:
            while stop < end:
                chunks.append(table[ids[stop]])
                stop += 1
        except KeyError:
            pass
        sink, self._sink = self._sink, None
        try:
            text = b"".join(chunks).decode()
        except UnicodeDecodeError:
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
        if self._reader.failure is not None:
            raise self._reader.failure
        if self._closed:
            raise ValueError("the parser is closed; begin another one for further ids")

    # -- what comes out -------------------------------------------------------------------------

    def set_sampled(self, sampled: bool) -> None:  # noqa: FBT001 - the state, not an option
        """Whether the ids that come next were sampled.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.set_sampled(sampled=True)
        >>> _ = parser.feed_all([13225, 200265])
        >>> [span.sampled for span in parser.spans]
        [True, True]
        """
        self._reader.span.write(self.position)
        self._reader.span.sampled = sampled

    def _likely_draft(self) -> tuple[Draft, Place]:
        """The draft as it would be if the input went on with text, and where that stands."""
        reader = self._reader
        thread = reader.likeliest()
        place, draft = reader.places()[thread], reader.draft
        if reader.readings is not None or place.held:
            draft = draft.copy()
            if reader.readings is not None:
                write_reading(draft, reader.readings[thread])
            if place.held and place.meaning.field:
                draft.texts.setdefault(place.meaning.field, []).append(place.held)
        return draft, place

    @property
    def open(self) -> OpenMessage | None:
        """The message that has begun and not ended.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.open.role
        'assistant'
        """
        draft, place = self._likely_draft()
        if not draft.is_open:
            return None
        role = draft.likely_role
        if role is None and self._reader.lost is None and len(place.roles) == 1:
            role = next(iter(place.roles))
        fields = {name: value for name, value in draft.fields.items() if name != "role"}
        return OpenMessage(draft.index, self._part(place), role, **fields)  # type: ignore[arg-type]

    def _part(self, place: Place) -> str:
        reader = self._reader
        field = None if reader.lost is not None else free_field(reader.steps.machine, place)
        return field or "header"

    @property
    def open_content(self) -> Message | None:
        """The open message as far as it goes; None as long as no free text has begun.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> _ = parser.feed(13225)
        >>> parser.open_content
        Message(role='assistant', content='Hello')
        """
        draft, _ = self._likely_draft()
        if not draft.is_open or not draft.has_begun or draft.role is None:
            return None
        return draft.message()

    @property
    def missing(self) -> list[str | bytes]:
        r"""What the format writes before anything else may follow: (the rest of) prologue or tail.

        Special tokens as they are spelled, text as bytes.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-3.5-turbo")
        >>> parser = tok.stream()
        >>> _ = parser.feed_all([9906, 100265])
        >>> parser.missing
        [b'\n']
        """
        return self._reader.missing

    def allowed(self) -> Allowed:
        """What may come next: exactly that from which some continuation completes the message.

        After text that a lenient parse could not place, these are the special tokens that lead on.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().allowed()
        Allowed(special_tokens=frozenset({200265}), text=True)
        """
        reader, ids = self._reader, self.binding.ids
        if reader.lost is not None:
            leading = (token for spelling, token in ids.items() if self._lenient.leads_on(spelling))
            return Allowed(frozenset(leading), text=False)
        if reader.state.pending:
            return Allowed(frozenset(), text=True)
        spellings, text = reader.steps.allowed(reader.state)
        return Allowed(frozenset(ids[spelling] for spelling in spellings), text)

    @property
    def in_envelope(self) -> bool:
        """Whether a message is complete and the envelope around it is still open.

        >>> import chatfmt
        >>> chatfmt.get_tokenizer("gpt-4o").stream().in_envelope
        False
        """
        return self._reader.lost is None and self._reader.state.completes

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
        complete = reader.lost is None and any(place.accepts for place in reader.places())
        if (not complete or reader.state.pending) and (reader.draft.is_open or reader.lost is None):
            reader.issue(IssueKind.OPEN_MESSAGE, "the end of the input")
        if reader.state.pending:
            reader.issue_invalid(PENDING)
        self._lenient.end()
        reader.span.write(reader.position)
        self._closed = True
        return self._taken()


def content_of(events: Sequence[Event]) -> str:
    """The text of ``content`` that events bring."""
    return "".join(e.text for e in events if isinstance(e, ContentDelta) and e.part == "content")
