"""A conversation and its ids, kept in step."""

from __future__ import annotations

import math
from itertools import groupby, takewhile, zip_longest
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, StrictInt, ValidationError, field_serializer

from chatfmt.conversation import Conversation, Message
from chatfmt.errors import Issue, IssueKind, RenderError, TranscriptError, shown
from chatfmt.line.choose import on_wire
from chatfmt.training import weights
from chatfmt.wire import resume
from chatfmt.wire.alone import Alone, grows, reads
from chatfmt.wire.ids import as_ids
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.spans import OpenMessage
    from chatfmt.wire.write import Renderer

__all__ = ["Completion", "Transcript", "parsed", "rendered", "restore"]


class Completion(NamedTuple):
    """What `Transcript.append_completion` made of sampled ids.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> completion = chat.append_completion([13225, 200265, 198])
    >>> completion.stop_reason, completion.stop_token, completion.rest
    ('overrun', 200265, [198])
    """

    messages: tuple[Message, ...]
    """The messages that these ids continued, began or ended, as they stand now."""
    stop_reason: Literal["stop", "length", "overrun"]
    """``stop``: a stop token came last; ``length``: none came; ``overrun``: ids follow it."""
    stop_token: int | None
    rest: list[int]
    """The ids behind the stop token; they are not part of the transcript."""
    issues: tuple[Issue, ...]


class Transcript(Alone):
    """A conversation and its ids, which only ever grow.

    The ids are kept as they were given, also where encoding their text again would give others.
    Made by `ChatTokenizer.render`, `parse` and `transcript_from_dict`.

    It is for one thread at a time: where it changes while another thread uses it, that one gets a
    RuntimeError. Give each thread a `copy`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> chat.prompt()
    [200264, 1428, 200266, 24912, 200265, 200264, 173781, 200266]
    >>> chat.append_completion([13225, 200265]).messages
    (Message(role='assistant', content='Hello'),)
    >>> chat.append({"role": "user", "content": "bye"})
    >>> len(chat.conversation.messages)
    3

    Attributes:
        ids: the token ids.
        spans: which piece wrote which ids; they tile ``ids``.
        issues: what was wrong with ids that were parsed.
    """

    _prompted: tuple[str, int] | None = None
    """The role that was prompted last, and the position after its prompt. An empty prompt leaves
    no ids that say so, and whose stop tokens count is not up to a header that was sampled."""

    def __init__(
        self,
        renderer: Renderer,
        *,
        ids: list[int],
        spans: list[Span],
        messages: list[Message],
        issues: list[Issue] | None = None,
        metadata: dict[str, Any] | None = None,
        logprobs: list[float | None] | None = None,
        partial: Message | None = None,
        unfinished: bool = False,
    ) -> None:
        super().__init__()
        self._renderer = renderer
        self._binding = renderer.binding
        self.ids = ids
        self.spans = spans
        self.issues = [] if issues is None else issues
        self._messages = messages
        self._metadata = {} if metadata is None else metadata
        self._logprobs = [] if logprobs is None else logprobs
        self._partial = partial
        self._unfinished = unfinished  # something is open, or missing: it takes a parser to go on
        self._parser: StreamParser | None = None

    def __repr__(self) -> str:
        return (
            f"<Transcript {self._binding.format.name}: {len(self._messages)} messages, "
            f"{len(self.ids)} ids{', open' if self.open else ''}>"
        )

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from chatfmt.show import html_fragment

        return html_fragment(self)

    @property
    @reads
    def conversation(self) -> Conversation:
        """The messages so far. An open one is among them once its content has begun.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.conversation.messages
        (Message(role='user', content='hello'),)
        """
        return self._conversation()

    @property
    @reads
    def open(self) -> OpenMessage | None:
        """The message that has begun and not ended.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.open is None
        True
        >>> _ = chat.prompt()
        >>> chat.open.role
        'assistant'
        """
        return self._opened()

    @property
    @reads
    def logprobs(self) -> list[float | None]:
        """One for each id: what was given for sampled ids, None for all others.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225, 200265], logprobs=[-0.5, -0.25])
        >>> chat.logprobs[-3:]
        [None, -0.5, -0.25]
        """
        return [*self._logprobs, *[None] * (len(self.ids) - len(self._logprobs))]

    @reads
    def weights(self, train_on: TrainOn = "assistant", *, train_end: bool = True) -> list[float]:
        """The loss weight of each id; see `chatfmt.training.weights.TrainOn`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225, 200265])
        >>> chat.weights()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
        """
        messages = self._messages_from(0)
        spans = self._renderer.in_training(self.ids, self.spans, messages)
        return weights.span_weights(spans, messages, train_on, train_end=train_end)

    def labels(self, train_on: TrainOn = "assistant", ignore_index: int = -100) -> list[int]:
        """The ids, unshifted; ``ignore_index`` exactly where the weight is 0.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225, 200265])
        >>> chat.labels()[-3:]
        [-100, 13225, 200265]
        """
        return weights.labels(self.ids, self.weights(train_on), ignore_index)

    @grows
    def prompt(
        self,
        role: str = "assistant",
        *,
        name: str | None = None,
        prefill: str = "",
        thinking: bool | None = None,
    ) -> list[int]:
        """Begin a message for a model to write, and return all ids (a copy).

        ``thinking`` is that of `ChatTokenizer.encode_prompt`.

        A message that is open already is gone on with; nothing is then written.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.prompt(prefill="Hello")[-4:]
        [200264, 173781, 200266, 13225]

        Raises:
            RenderError: the format has no such prompt, or another message is open; nothing has
                changed then.
        """
        opened = self._opened()
        if opened is not None:
            if opened.role != role or prefill or name not in (None, opened.name):
                raise RenderError(
                    f"message {opened.index} ({opened.role}) is open; end it with append(), or go "
                    "on with it as it is",
                    self._binding.format.name,
                )
            return list(self.ids)
        begin = self._renderer.prefilled(
            role, name, prefill, index=len(self._messages), thinking=thinking
        )
        self._close_envelope()
        self._write([*self._missing(), *begin])
        self._prompted = role, len(self.ids)
        return list(self.ids)

    @grows
    def append(self, *messages: Message | dict[str, Any]) -> None:
        """Add whole messages.

        Where a message is open, the first one of the same role is that message, whole: it must
        begin with what stands there, such as a prefill or ids that were sampled, and the rest of it
        is written. One of another role ends the open one, with an issue. Without messages the open
        one is ended as it stands, and a tail that is missing is written. What is written so does
        not count as sampled.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.append({"role": "assistant", "content": "Hello"})
        >>> chat.ids[-5:]
        [200264, 173781, 200266, 13225, 200265]

        >>> _ = chat.prompt(prefill="Sure, ")
        >>> chat.append({"role": "assistant", "content": "Sure, 4."})
        >>> len(chat.conversation.messages)
        3

        Raises:
            RenderError: the format cannot carry one of them, or the first one does not begin with
                the open message, or that has no role yet; nothing has changed then.
            pydantic.ValidationError: one of them is no message; a ValueError. Nothing has changed.
        """
        new = [Message.model_validate(message) for message in messages]
        opened = self._opened()
        begun = self._begun(opened) if opened else None
        completes = bool(begun and new and new[0].role == begun.opened.role)
        if begun is None:
            rest, going_on = self._missing(), self._going_on()
        else:
            if completes:
                rest = resume.complete(self._renderer, begun, new[0])
            else:
                rest = resume.close(self._renderer, begun)
            going_on = begun.opened.role if self._continues(rest[-1]) else None
        within = self._within()
        closes = bool(within and new and new[0].role != within)
        closing = self._renderer.close_envelope(within) if within and closes else ([], [])
        ids: list[int] = []
        spans: list[Span] = []
        self._renderer.extend_with_spans(
            ids,
            spans,
            new[completes:],
            first=len(self._messages) + (begun is not None),
            continues=going_on,
            within=None if closes else within,
            offset=len(self.ids) + len(closing[0]) + len(rest),
        )
        self._add(*closing)
        stood = len(self.ids)
        if rest:
            self._write(rest)
        if completes:
            self._messages[-1] = new[0]  # with its annotations
        elif begun and new:
            self.issues.append(_left_open(begun.opened, stood, new[0].role))
        self.ids += ids
        self.spans += spans
        self._messages += new[completes:]
        self._prompted = None

    def append_completion(
        self, ids: Iterable[int], *, logprobs: Sequence[float] | None = None
    ) -> Completion:
        """Add what a model has sampled, verbatim, and say what it is.

        The assistant's prompt is written first where no message is open, also where there are no
        ids. A message that the ids leave open is continued by the next call, or ended by `append`.
        Ids behind the first stop token are not added; they come back in `Completion.rest`.

        Whatever the ids are, they are taken, and read as a lenient parse does: an issue tells of
        an id outside the vocabulary, of bytes that are no UTF-8 and of a mangled header. What
        belongs to no message for that is in the spans as ``stray``. Ids that are given in pieces
        are read like the whole.

        Args:
            ids: the sampled ids, with the stop token where there was one.
            logprobs: one for each id, if wanted; the natural logarithm of its probability.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.append_completion([13225]).stop_reason
        'length'
        >>> chat.append_completion([11, 2375, 200265]).messages
        (Message(role='assistant', content='Hello, world'),)

        Raises:
            ValueError: the number of logprobs is not that of the ids; nothing has changed then.
            TypeError: an id is no integer, or a logprob no number; nothing has changed then.
            RenderError: the format has no assistant and none was prompted: begin one with
                `prompt`. Nothing has changed then.
        """
        ids = as_ids(ids)
        logprobs = None if logprobs is None else [*map(float, logprobs)]
        if logprobs is not None and len(logprobs) != len(ids):
            raise ValueError(
                f"expected {len(ids)} logprobs, one for each id, found {len(logprobs)}"
            )
        return self._complete(ids, logprobs)

    @grows
    def _complete(self, ids: list[int], logprobs: list[float] | None) -> Completion:
        opened = self._opened()
        if opened is None and self._going_on(sampled=True) is None and not self._at_prompt():
            prompt = self._renderer.prompt("assistant")
            self._close_envelope()
            self._write([*self._missing(), *prompt])
            self._prompted = "assistant", len(self.ids)
        stops = self._renderer.stops(self._speaker(opened))
        stop = next((i for i, token in enumerate(ids) if token in stops), None)
        taken = ids if stop is None else ids[: stop + 1]
        rest = [] if stop is None else ids[stop + 1 :]

        self._live()  # it reads an open message again: what stands there now was known before
        first, known_issues = len(self._messages), len(self.issues)
        if logprobs is not None:
            self._logprobs += [None] * (len(self.ids) - len(self._logprobs))
            self._logprobs += logprobs[: len(taken)]
        self._write(taken, sampled=True)
        self._prompted = self._prompted if stop is None else None
        return Completion(
            self._messages_from(first),
            "length" if stop is None else "overrun" if rest else "stop",
            None if stop is None else ids[stop],
            rest,
            tuple(self.issues[known_issues:]),
        )

    @reads
    def stream(self, *, strict: bool = False) -> StreamParser:
        """A parser for the message that is to be sampled next; it leaves the transcript alone.

        Where a message is open, its first events tell of what stands there already, a prefill for
        example. Messages and positions count from 0: the message that is open or next, and the
        first sampled id. Give the ids to `append_completion` afterwards.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> parser = chat.stream()
        >>> parser.feed_text(13225), len(chat.ids)
        ('Hello', 5)
        """
        going_on = self._going_on(sampled=True)
        parser = StreamParser(self._binding, strict=strict, prologue=False, goes_on=going_on)
        opened = self._opened()
        if opened is not None:
            parser.prime(self.ids[self._start_of(opened.index) :])
        elif going_on is None and not self._at_prompt():
            parser.prime(self._renderer.prompt("assistant"))
        parser.stop_tokens = self._renderer.stops(self._speaker(opened))
        return parser

    @reads
    def copy(self) -> Transcript:
        """A branch: it and this transcript go on independently.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> branch = chat.copy()
        >>> branch.append({"role": "assistant", "content": "Hello"})
        >>> len(branch.ids), len(chat.ids)
        (10, 5)
        """
        return self._copied()

    def _copied(self) -> Transcript:
        made = Transcript(
            self._renderer,
            ids=list(self.ids),
            spans=list(self.spans),
            messages=list(self._messages),
            issues=list(self.issues),
            metadata=self._metadata,
            logprobs=list(self._logprobs),
            partial=self._open_content,
            unfinished=self._unfinished,
        )
        made._prompted = self._prompted
        return made

    def _conversation(self) -> Conversation:
        return Conversation(messages=self._messages_from(0), metadata=self._metadata)

    def _opened(self) -> OpenMessage | None:
        parser = self._standing()
        opened = parser.open if parser else None
        if opened and opened.role is None and self._prompted and self._at_prompt():
            return opened._replace(role=self._prompted[0])  # its ids may not tell yet
        return opened

    @property
    def _open_content(self) -> Message | None:
        return self._parser.open_content if self._parser else self._partial

    def _messages_from(self, first: int) -> tuple[Message, ...]:
        """The messages from this index on, the open one among them once its content has begun."""
        partial = self._open_content
        return (*self._messages[first:], *([partial] if partial else []))

    # -- how it goes on -------------------------------------------------------------------------

    def _write(self, ids: Sequence[int], *, sampled: bool = False) -> None:
        """Add ids, reading them on the way."""
        parser = self._live()
        parser.set_sampled(sampled)
        parser.feed_all(ids)
        self.ids += ids
        if parser.open is None and not parser.missing:
            self._parser, self._partial, self._unfinished = None, None, False

    def _live(self) -> StreamParser:
        """The parser that stands behind the last id."""
        if self._parser is None:
            self._parser = self._replayed() if self._unfinished else self._new_parser(len(self.ids))
            self._unfinished = True
        return self._parser

    def _standing(self) -> StreamParser | None:
        """That parser, to look at: nothing changes by it. None where nothing is open or missing.

        A parse that was not to end inside a message has told of it as an issue; `_replayed` takes
        that back, which may only happen when the message does go on.
        """
        if self._parser is None and self._unfinished:
            return self._copied()._live()
        return self._parser

    def _replayed(self) -> StreamParser:
        """A parser that has read the last message again, from its first id."""
        index = next((s.message for s in reversed(self.spans) if s.message is not None), None)
        while index and self._shares_envelope(index):
            index -= 1
        start = 0 if index is None else self._start_of(index)
        again = [span for span in self.spans if span.start >= start]
        del self.spans[len(self.spans) - len(again) :]
        del self._messages[len(self._messages) if index is None else index :]
        # At the first id itself there may be an issue of the message before, which it cut off.
        before = [] if index is None else [i for i in self.issues if i.position <= start]
        self.issues.clear()
        parser = self._new_parser(start, prologue=index is None)
        for span in again:
            parser.set_sampled(span.sampled)
            parser.feed_all(self.ids[span.start : span.stop])
        self.issues[:] = dict.fromkeys([*before, *self.issues])
        return parser

    def _new_parser(self, position: int, *, prologue: bool = False) -> StreamParser:
        return StreamParser(
            self._binding,
            strict=False,
            prologue=prologue,
            position=position,
            goes_on=self._going_on(),
            messages=self._messages,
            spans=self.spans,
            issues=self.issues,
        )

    def _start_of(self, index: int) -> int:
        """Position of the first id of a message, one of the last."""
        start = len(self.ids)
        for span in reversed(self.spans):
            if span.message is not None and span.message < index:
                break
            if span.message == index:
                start = span.start
        return start

    def _going_on(self, *, sampled: bool = False) -> str | None:
        """The role that has ended a message with a token behind which it may go on."""
        last = self.spans[-1] if self.spans else None
        if last is None or last.part != "end" or (sampled and not last.sampled):
            return None
        return self._messages[-1].role if self._continues(self.ids[last.stop - 1]) else None

    def _at_prompt(self) -> bool:
        """Whether what comes next was prompted, be it without an id."""
        return self._prompted is not None and self._prompted[1] == len(self.ids)

    def _speaker(self, opened: OpenMessage | None) -> str | None:
        """The role in which a model speaks next."""
        if self._prompted is not None:
            return self._prompted[0]
        return opened.role if opened else None

    def _continues(self, token: int) -> bool:
        """Whether the model may go on behind this end token."""
        return token in self._binding.continues

    def _shares_envelope(self, index: int) -> bool:
        """Whether a message stands in one envelope with the one before it."""
        before = [span.part for span in self.spans if span.message == index - 1]
        role = self._messages[index - 1].role
        return role in self._binding.format.envelopes and before[-1:] not in (["end"], ["tail"])

    def _within(self) -> str | None:
        """The role whose envelope is open."""
        if not self._messages or not self.spans or self._opened() is not None:
            return None
        role, part = self._messages[-1].role, self.spans[-1].part
        enveloped = role in self._binding.format.envelopes
        return role if enveloped and part not in ("end", "tail", "stray") else None

    def _close_envelope(self) -> None:
        """Close the envelope that is open, if one is."""
        if (within := self._within()) is not None:
            self._add(*self._renderer.close_envelope(within))

    def _add(self, ids: list[int], marks: list[Mark]) -> None:
        """Add ids that belong to the last message."""
        at, index = len(self.ids), len(self._messages) - 1
        self.spans += [Span(at + a, at + b, index, part, new) for a, b, part, new in marks]
        self.ids += ids

    def _missing(self) -> list[int]:
        """What the format writes before anything else may follow: a tail, a prologue."""
        ids: list[int] = []
        parser = self._standing()
        for piece in parser.missing if parser else ():
            if isinstance(piece, str):
                ids.append(self._binding.ids[piece])
            else:
                ids += self._binding.encoding.encode_ordinary(piece.decode())
        return ids

    def _begun(self, opened: OpenMessage) -> resume.Begun:
        if opened.role is None:
            raise RenderError(
                "the message is open and has no role yet, so it cannot be ended; go on with it by "
                "append_completion()",
                self._binding.format.name,
                opened.index,
            )
        start = self._start_of(opened.index)
        spans = takewhile(lambda span: span.stop > start, reversed(self.spans))
        ranges = [slice(span.start, span.stop) for span in spans if span.part != "stray"]
        placed = [token for each in reversed(ranges) for token in self.ids[each]]
        parser = self._standing()
        content = parser.open_content if parser else None
        return resume.Begun(opened, content, self.ids[start:], placed)

    # -- saving and restoring -------------------------------------------------------------------

    @reads
    def __getstate__(self) -> dict[str, Any]:
        return self._copied().__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        Alone.__init__(self)
        self.__dict__.update(state)

    @reads
    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON has it; `ChatTokenizer.transcript_from_dict` restores it.

        A logprob that is not finite stands there as a text, since JSON has no number for it.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.to_dict()["ids"]
        [200264, 1428, 200266, 24912, 200265]
        """
        state = self._copied()
        saved = _Saved(
            format=self._binding.format.row(),
            encoding=self._binding.encoding.fingerprint,
            ids=state.ids,
            spans=state.spans,
            messages=state._messages,
            issues=state.issues,
            metadata=state._metadata,
            logprobs=state._logprobs,
            partial=state._partial,
            unfinished=state._unfinished,
            prompted=state._prompted,
        )
        return saved.model_dump(mode="json")


def _left_open(opened: OpenMessage, position: int, role: str) -> Issue:
    return Issue(
        IssueKind.OPEN_MESSAGE,
        position,
        f"the {opened.part} of message {opened.index}",
        f"the rest of it, as a message of role {opened.role} that begins like it, or append() "
        "without messages",
        f"a message of role {shown(role)}",
    )


def rendered(renderer: Renderer, conversation: Conversation) -> Transcript:
    """What `ChatTokenizer.render` gives.

    Raises:
        RenderError: the format cannot carry it.
    """
    transcript = Transcript(
        renderer,
        ids=list(renderer.prologue),
        spans=list(renderer.prologue_spans),
        messages=list(conversation.messages),
        metadata=conversation.metadata,
    )
    renderer.extend_with_spans(transcript.ids, transcript.spans, conversation.messages)
    return transcript


def parsed(
    renderer: Renderer, ids: Iterable[int], *, strict: bool, allow_open: bool, prologue: bool
) -> Transcript:
    """What `ChatTokenizer.parse` gives; the arguments are its.

    Raises:
        ParseError: strict, and the ids are not what the format writes.
        TypeError: one of them is not an integer.
    """
    taken = list(as_ids(ids))
    parser = StreamParser(renderer.binding, strict=strict, prologue=prologue)
    parser.feed_all(taken)
    opened, partial, complete = parser.open, parser.open_content, len(parser.messages)
    missing = parser.missing
    if not allow_open:
        parser.close()
        partial = next(iter(parser.messages[complete:]), None)
    return Transcript(
        renderer,
        ids=taken,
        spans=parser.spans,
        messages=parser.messages[:complete],
        issues=parser.issues,
        partial=partial,
        unfinished=opened is not None or bool(missing),
    )


class _Saved(BaseModel):
    """A transcript at rest."""

    model_config = ConfigDict(extra="forbid")

    format: dict[str, Any]
    encoding: str
    ids: list[StrictInt]
    spans: list[Span]
    messages: list[Message]
    issues: list[Issue]
    metadata: dict[str, Any]
    logprobs: list[float | None]
    partial: Message | None
    unfinished: bool
    prompted: tuple[str, int] | None = None

    @field_serializer("logprobs", when_used="json")
    def _as_json(self, logprobs: list[float | None]) -> list[float | str | None]:
        return [x if x is None or math.isfinite(x) else str(x) for x in logprobs]


def restore(renderer: Renderer, saved: dict[str, Any]) -> Transcript:
    """The transcript that `Transcript.to_dict` has saved.

    Raises:
        TranscriptError: it belongs to another format or encoding, or is damaged.
    """
    try:
        state = _Saved.model_validate(saved)
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        more = f"; and {len(others):,} more like it" if others else ""
        where = ".".join(map(str, first["loc"]))
        raise TranscriptError(
            f"this is no saved transcript: {where}: {first['msg']}, found "
            f"{shown(first['input'])}{more}"
        ) from None
    binding = renderer.binding
    if state.format != binding.format.row():
        raise TranscriptError(
            f"the transcript was saved in format {shown(state.format.get('name'))}, whose row "
            f"differs from that of this tokenizer's {binding.format.name}"
        )
    if state.encoding != binding.encoding.fingerprint:
        raise TranscriptError(
            "the transcript was saved with another encoding: expected the fingerprint "
            f"{binding.encoding.fingerprint}, found {shown(state.encoding)}"
        )
    if len(state.logprobs) > len(state.ids):
        raise TranscriptError(
            f"expected at most {len(state.ids)} logprobs, one for each id, found "
            f"{len(state.logprobs)}"
        )
    borders = [0, *(span.stop for span in state.spans)]
    tiles = [span.start for span in state.spans] == borders[:-1] and borders == sorted({*borders})
    if not tiles or borders[-1] != len(state.ids):
        raise TranscriptError(f"the spans do not tile the {len(state.ids)} ids")
    role, position = state.prompted or (next(iter(binding.format.templates)), 0)
    if role not in binding.format.templates or not 0 <= position <= len(state.ids):
        raise TranscriptError(
            f"expected a role of format {binding.format.name} that was prompted, and where in the "
            f"{len(state.ids)} ids; found {shown(state.prompted)}"
        )
    _verify(renderer, state)
    transcript = Transcript(
        renderer,
        ids=state.ids,
        spans=state.spans,
        messages=state.messages,
        issues=state.issues,
        metadata=state.metadata,
        logprobs=state.logprobs,
        partial=state.partial,
        unfinished=state.unfinished,
    )
    transcript._prompted = state.prompted
    return transcript


def _verify(renderer: Renderer, state: _Saved) -> None:
    """Read the ids again: they must say what the spans and the messages say.

    Whether they began with the prologue was not saved; nor was, of ids that belong to no message,
    where what was given at once ended.
    """
    first = state.spans[0].part if state.spans else "prologue"
    differences = [
        _difference(renderer, state, prologue=prologue)
        for prologue in ((True, False) if first == "prologue" else (False, True))
    ]
    if all(differences):
        raise TranscriptError(f"ids, messages and spans do not say the same: {differences[0]}")


def _difference(renderer: Renderer, state: _Saved, *, prologue: bool) -> str | None:
    messages: list[Message] = []
    spans: list[Span] = []

    def parser_at(position: int, goes_on: str | None) -> StreamParser:
        return StreamParser(
            renderer.binding,
            strict=False,
            prologue=prologue and not position,
            position=position,
            goes_on=goes_on,
            messages=messages,
            spans=spans,
        )

    parser = parser_at(0, None)
    for _, run in groupby(state.spans, lambda span: span.message):
        ranges = [*run]
        start, stop = ranges[0].start, ranges[-1].stop
        whole = parser.open is None and not parser.missing and not parser.in_envelope
        if start and whole:  # as a transcript goes on
            last = spans[-1]
            goes_on = last.part == "end" and state.ids[start - 1] in renderer.binding.continues
            parser = parser_at(start, messages[-1].role if goes_on else None)
        parser.feed_all(state.ids[start:stop])
    if found := _first_difference(_by_id(spans), _by_id(state.spans)):
        return f"id {found[0]} is in the {_place(found[1])}, saved was the {_place(found[2])}"
    lines = renderer.format.lines_of
    saved = [on_wire(lines.get(message.role, ()), message) for message in state.messages]
    if found := _first_difference(messages, saved):
        return f"message {found[0]} reads {shown(found[1])}, saved was {shown(found[2])}"
    opened, begun = parser.open, parser.open_content
    unfinished = opened is not None or bool(parser.missing)
    if unfinished != state.unfinished:
        return f"the ids end {'with' if unfinished else 'without'} something missing"
    complete = len(messages)
    parser.close()
    ended = next(iter(messages[complete:]), None)  # as a parse has it that was not to be open
    if state.partial not in (begun, ended):
        return f"the open message reads {shown(begun)}, saved was {shown(state.partial)}"
    return None


def _by_id(spans: Iterable[Span]) -> list[tuple[Any, ...]]:
    return [span[2:5] for span in spans for _ in range(span.start, span.stop)]


def _first_difference(found: Sequence[Any], saved: Sequence[Any]) -> tuple[Any, Any, Any] | None:
    pairs = zip_longest(found, saved)
    return next(((at, one, two) for at, (one, two) in enumerate(pairs) if one != two), None)


def _place(place: tuple[Any, ...]) -> str:
    message, part, generated = place
    of = "" if message is None else f" of message {message}"
    return f"{part}{of}, {'' if generated else 'not '}generated"
