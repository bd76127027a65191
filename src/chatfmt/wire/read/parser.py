"""Ids to events, messages, spans and issues, whole or one by one.

The reader walks the machine of the format by `Steps`; what a token brings is written into a `Draft`.
As long as several readings are possible, what each has read is kept, and written once one is left.

In a strict parse what is wrong is raised as a `ParseError` (a straddling token excepted). In a lenient
one it is recorded as an issue, and `Lenient` finds the way on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from chatfmt.errors import Issue, IssueKind, ParseError
from chatfmt.line.fields import FREE_TEXT
from chatfmt.wire.events import ContentDelta
from chatfmt.wire.read.draft import Draft
from chatfmt.wire.read.lenient import Lenient
from chatfmt.wire.read.steps import PENDING, WITHIN_PENDING
from chatfmt.wire.read.wording import free_field, header_closers, what_may_follow, where
from chatfmt.wire.spans import OpenMessage
from chatfmt.wire.spanwriter import SpanWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.conversation import Message
    from chatfmt.line.places import Place
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.steps import Run, State, Step
    from chatfmt.wire.spans import Span

__all__ = ["StreamParser", "content_of"]

_new = tuple.__new__  # a named tuple's own constructor takes twice as long

_Read: TypeAlias = "tuple[_Read | None, tuple[Run, ...], int, int, int] | None"
"""What one of several readings has read: all before, then runs, position, where a character that
was pending began, and the token."""


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
        self.position = position
        """Index of the next id."""
        self._table = binding.text
        self._whole = binding.whole
        self.steps = binding.steps
        self.span = SpanWriter(self.spans, position)
        self._events: list[Event] = []
        roles = {wire: role for role, wire in binding.format.role_spellings.items()}
        self.draft = Draft(
            roles,
            self.span,
            self.messages,
            self._events,
            self._unknown_role,
            self._straddles,
            binding.continues,
        )
        self.draft.goes_on = goes_on
        self.state: State = self.steps.start if prologue else self.steps.between
        if not prologue or not binding.format.prologue_pieces:
            self.span.part = "stray"
        self._readings: list[_Read] | None = None  # where there are several
        self.pending_at = position
        self._header_length = 0
        self._failure: ParseError | None = None
        self.lenient = Lenient(self)
        # where text goes that needs no more thought: free text, nothing pending or held back
        self._sink: list[str] | None = None
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
        self.position = self.span.start = -len(prompt)
        before = self.feed_all(prompt)
        self._events[:] = before
        self.spans.clear()

    def feed(self, token: int) -> list[Event]:
        """Take one id; the events that it brings about.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().feed(13225)[-1]
        ContentDelta(index=0, part='content', text='Hello')

        Raises:
            ParseError: in a strict parse; the parser is then finished.
        """
        sink = self._sink
        if sink is not None:
            text = self._whole[token]
            if text:
                sink.append(text)
                self.position += 1
                return [_new(ContentDelta, (self.draft.index, self._field, text))]
            self._sink = None
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
        if sink is not None:
            text = self._whole[token]
            if text:
                sink.append(text)
                self.position += 1
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
        for token in ids:
            if (sink := self._sink) is not None and (text := whole[token]):
                sink.append(text)
                self.position += 1
                yield _new(ContentDelta, (self.draft.index, self._field, text))
                continue
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
        for token in ids:
            if (sink := self._sink) is not None and (text := whole[token]):
                sink.append(text)
                self.position += 1
                if self._field == "content":
                    yield text
                continue
            if text := content_of(feed(token)):
                yield text
            if token in stops:
                return
        if text := content_of(self.close()):
            yield text

    def feed_all(self, ids: Sequence[int]) -> list[Event]:
        """Take any number of ids; the same as one after the other, but for the size of deltas.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().feed_all([13225, 11, 2375])[-1]
        ContentDelta(index=0, part='content', text='Hello, world')
        """
        if self._failure is not None:
            raise self._failure
        self._sink = None
        at, end = 0, len(ids)
        while at < end:
            self._find_sink()
            if self._sink is not None:
                stop = self._text_run(ids, at)
                if stop > at:
                    at = stop
                    continue
            self._take(ids[at])
            at += 1
        self._sink = None
        self.span.write(self.position)
        return self._taken()

    def _find_sink(self) -> None:
        """From here on, until an id is no whole text, `feed` need not look at anything else."""
        place = self._plain_place()
        if place is not None:
            self._field = place.meaning.field or ""
            self._sink = self.draft.texts[self._field]
        else:
            self._sink = None

    def _plain_place(self) -> Place | None:
        """The place of free text that any text leads back to, if the reader is in one."""
        if self._readings is None and self.lenient.lost is None and not self.state.pending:
            [(index, _), *others] = self.state.threads
            place = self.steps.places.all[index]
            if not others and place.plain and place.meaning.field in self.draft.texts:
                return place
        return None

    def _text_run(self, ids: Sequence[int], at: int) -> int:
        """Take the text from ``at`` to the next special token in one go; where it stopped."""
        table, stop, end = self._table, at, len(ids)
        chunks: list[bytes] = []
        try:
            while stop < end:
                chunks.append(table[ids[stop]])
                stop += 1
        except KeyError:
            pass
        if stop == at:
            return at
        try:
            text = b"".join(chunks).decode()
        except UnicodeDecodeError:
            for token in ids[at:stop]:
                self._take(token)
            return stop
        self.position += stop - at
        self._sink.append(text)  # type: ignore[union-attr]
        self._events.append(_new(ContentDelta, (self.draft.index, self._field, text)))
        return stop

    def _taken(self) -> list[Event]:
        events = [*self._events]
        self._events.clear()
        return events

    # -- one id ---------------------------------------------------------------------------------

    def _take(self, token: int) -> None:
        if self._failure is not None:
            raise self._failure
        state = self.state
        if self.lenient.lost is not None:
            self.lenient.take(token)
        else:
            step = state.steps.get(token)
            if step is None:
                try:
                    step = self.steps.step(state, token)
                except KeyError:
                    self._dead(token)
                    self.position += 1
                    return
            if step is None:
                self._dead(token)
            else:
                self.go(step, token)
        self.position += 1

    def _dead(self, token: int) -> None:
        """No reading goes on with this id."""
        if self.state.pending and token not in self._table:
            self.issue_invalid(PENDING)
            step = self.steps.flush(self.state)
            if step is not None:
                self.go(step, token)
                self._take(token)
                self.position -= 1
                return
            self.set_pending(b"", split=False)
            self.lenient.lose(token, "\N{REPLACEMENT CHARACTER}")
        self.lenient.take(token)

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
        self.span.write(self.position)
        self.span.sampled = sampled

    def _likely_draft(self) -> tuple[Draft, Place]:
        """The draft as it would be if the input went on with text, and where that stands."""
        thread = self.likeliest()
        place = self.steps.places.all[self.state.threads[thread][0]]
        draft = self.draft
        if self._readings is not None or place.held:
            draft = draft.copy()
            if self._readings is not None:
                _write(draft, self._readings[thread])
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
        if role is None and self.lenient.lost is None and len(place.roles) == 1:
            role = next(iter(place.roles))
        fields = {name: value for name, value in draft.fields.items() if name != "role"}
        return OpenMessage(draft.index, self._part(place), role, **fields)  # type: ignore[arg-type]

    def _part(self, place: Place) -> str:
        field = None if self.lenient.lost is not None else free_field(self.steps.places, place)
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
        if self.draft.is_open or self.lenient.lost is not None or len(self.state.threads) > 1:
            return []
        missing = self.steps.places.missing(self.state.threads[0][0])
        if missing and isinstance(missing[0], bytes):
            missing[0] = missing[0].removeprefix(self.state.pending)
        return missing

    @property
    def stop_tokens(self) -> frozenset[int]:
        """The ids at which a model stops, in whatever role.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().stop_tokens
        frozenset({200265})
        """
        return self.binding.stops

    def close(self) -> list[Event]:
        """The input ends here; in a strict parse not within a message.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> _ = parser.feed(13225)
        >>> parser.close()
        [MessageEnd(index=0, message=Message(role='assistant', content='Hello'), token=None)]
        """
        self._sink = None
        if self._failure is not None:
            raise self._failure
        accepts = self.lenient.lost is None and any(
            self.steps.places.all[place].accepts for place, _ in self.state.threads
        )
        if not accepts or self.state.pending:
            if self.draft.is_open or self.lenient.lost is None:
                self.issue(IssueKind.OPEN_MESSAGE, "the end of the input")
        self._flush()
        self.lenient.end()
        self.span.write(self.position)
        return self._taken()

    def _flush(self) -> None:
        """The character that is pending will not be complete."""
        if self.state.pending:
            self.issue_invalid(PENDING)
            if self.lenient.lost is None and (step := self.steps.flush(self.state)) is not None:
                self.go(step, -1)

def content_of(events: Sequence[Event]) -> str:
    """The text of ``content`` that events bring."""
    return "".join(e.text for e in events if isinstance(e, ContentDelta) and e.part == "content")
