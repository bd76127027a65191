"""Add ids at the end of a transcript, and track what is open there."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any, Self

from chatfmt.conversation import Conversation
from chatfmt.errors import RenderError
from chatfmt.transcript.again import end_to_go_on_from, feed_again
from chatfmt.wire import resume
from chatfmt.wire.alone import Alone, reads
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.spans import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.errors import Issue
    from chatfmt.wire.events import Event
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.spans import OpenMessage
    from chatfmt.wire.write import Renderer

__all__ = ["Growth"]


class Growth(Alone):
    """Ids, spans, messages and issues that grow together."""

    _prompted: tuple[str, int] | None = None
    """The role that was prompted last, and the position after its prompt. An empty prompt leaves no
    ids that show it, and a sampled header must not decide which stop tokens count."""
    _tools: tuple[dict[str, Any], ...] = ()
    """Definitions of the available tools."""
    _prepared: bool = False
    """Whether the conversation at its beginning was already prepared."""

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
        prompted: tuple[str, int] | None = None,
        tools: tuple[dict[str, Any], ...] = (),
        prepared: bool = False,
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
        self._unfinished = (
            unfinished  # something is open or missing: a parser is needed to continue
        )
        self._parser: StreamParser | None = None
        self._prompted = prompted
        self._tools = tools
        self._prepared = prepared

    def _copied(self) -> Self:
        return type(self)(
            self._renderer,
            ids=list(self.ids),
            spans=list(self.spans),
            messages=list(self._messages),
            issues=list(self.issues),
            metadata=self._metadata,
            logprobs=list(self._logprobs),
            partial=self._open_content,
            unfinished=self._unfinished,
            prompted=self._prompted,
            tools=self._tools,
            prepared=self._prepared,
        )

    def _conversation(self) -> Conversation:
        return Conversation(messages=self._messages_from(0), metadata=self._metadata)

    def _opened(self) -> OpenMessage | None:
        parser = self._standing()
        opened = parser.open if parser else None
        if opened and opened.role is None and self._prompted and self._at_prompt():
            return opened._replace(role=self._prompted[0])  # its ids may not show it yet
        return opened

    @property
    def _open_content(self) -> Message | None:
        return self._parser.open_content if self._parser else self._partial

    def _messages_from(self, first: int) -> tuple[Message, ...]:
        """The messages from this index on, including an open one whose content has begun."""
        partial = self._open_content
        return (*self._messages[first:], *([partial] if partial else []))

    def _write(self, ids: Sequence[int], *, sampled: bool = False) -> None:
        """Add ids, reading them on the way."""
        parser = self._live()
        parser.set_sampled(sampled)
        parser.feed_all(ids)
        self.ids += ids
        if parser.open is None and not parser.missing:
            self._parser, self._partial, self._unfinished = None, None, False

    def _write_prompt(self, ids: Sequence[int], role: str) -> None:
        """Add ids of a prompt after which a model speaks in this role."""
        self._write(ids)
        self._prompted = role, len(self.ids)
        if self._parser is not None:
            self._parser.restrict(role)

    def _live(self) -> StreamParser:
        """The parser positioned after the last id."""
        if self._parser is None:
            if self._unfinished:
                self._parser, _ = self._replayed(self._last_index())
            else:
                self._parser = self._new_parser(len(self.ids))
            self._unfinished = True
        return self._parser

    def _standing(self) -> StreamParser | None:
        """That parser, for reading only. None if nothing is open or missing.

        A parse that must not end inside a message has reported an issue; `_replayed` removes that,
        which is right only if the message is continued.
        """
        if self._parser is None and self._unfinished:
            return self._copied()._live()
        return self._parser

    def _last_index(self) -> int | None:
        """The message of the last ids that belong to one."""
        return next((s.message for s in reversed(self.spans) if s.message is not None), None)

    def _replayed(self, index: int | None) -> tuple[StreamParser, list[Event]]:
        """A parser that has read the ids from a message on again, and its events."""
        index = index and self._first_in_envelope(index)
        start = 0 if index is None else self._start_of(index)
        again = [span for span in self.spans if span.start >= start]
        del self.spans[len(self.spans) - len(again) :]
        roles = {i: message.role for i, message in enumerate(self._messages)}
        if self._prompted is not None:
            roles[len(self._messages)] = self._prompted[0]
        del self._messages[len(self._messages) if index is None else index :]
        # The first id itself may have an issue of the message before, which it cut off.
        before = [] if index is None else [i for i in self.issues if i.position <= start]
        self.issues.clear()
        parser = self._new_parser(start, prologue=index is None)
        events = feed_again(parser, self.ids, again, roles)
        if self._prompted is not None and self._at_prompt():
            parser.restrict(self._prompted[0])
        self.issues[:] = dict.fromkeys([*before, *self.issues])
        return parser, events

    def _new_parser(self, position: int, *, prologue: bool = False) -> StreamParser:
        parser = StreamParser(
            self._binding,
            strict=False,
            prologue=prologue,
            position=position,
            goes_on=self._going_on(),
            before=self._last_role(),
            unended=self._is_unended(self._last_role()),
            messages=self._messages,
            spans=self.spans,
            issues=self.issues,
        )
        parser.know_tools(self._tools)
        return parser

    def _start_of(self, index: int) -> int:
        """Position of the first id of a message, one of the last."""
        start = len(self.ids)
        for span in reversed(self.spans):
            if span.message is not None and span.message < index:
                break
            if span.message == index:
                start = span.start
        return start

    def _last_role(self) -> str | None:
        """The role of the last message."""
        return self._role_before(len(self._messages))

    def _role_before(self, index: int) -> str | None:
        """The role of the message before that one."""
        return self._messages[index - 1].role if index else None

    def _is_unended(self, role: str | None) -> bool:
        """Whether the message before, of this role, is the model's and lacks an end token."""
        unended = role in self._binding.format.unended
        return unended and bool(self.spans) and self.spans[-1].part != "end"

    def _end_open(self) -> None:
        """End a message without an end token here: later ids are not part of it.

        If it may not end there, such as inside a call, that is an issue.
        """
        parser = self._live() if self._unfinished else None
        if parser and resume.ends_bare(self._binding, parser):
            parser.close()
            self._parser, self._partial, self._unfinished = None, None, False

    def _stop_id(self) -> int | None:
        """The last id, if it stopped the model and has begun the next message."""
        last = self.spans[-1] if self.spans else None
        if last is None or last.message != len(self._messages):
            return None
        is_one = last.stop == last.start + 1 and last.part == "header"
        is_stop = is_one and self._last_role() in self._binding.format.unended
        return self.ids[-1] if is_stop and self.ids[-1] in self._binding.stops else None

    def _begins_with(self, message: Message, token: int) -> bool:
        """Whether the next message begins with this id."""
        frames = self._renderer.frames(
            [message], len(self._messages), before=self._last_role(), close=False
        )
        [frame] = frames
        return (frame.head or frame.close)[:1] == [token]

    def _drop_stop(self) -> None:
        """Remove that id."""
        self.ids.pop()
        self.spans.pop()
        del self._logprobs[len(self.ids) :]
        self._parser, self._partial, self._unfinished = None, None, False

    def _going_on(self, *, sampled: bool = False) -> str | None:
        """The role that has ended a message with a token after which it can continue."""
        end = end_to_go_on_from(self._binding, self.spans, self.ids)
        return self._messages[-1].role if end and (end.sampled or not sampled) else None

    def _at_prompt(self) -> bool:
        """Whether the next message was prompted, even by a prompt without ids."""
        return self._prompted is not None and self._prompted[1] == len(self.ids)

    def _speaker(self, opened: OpenMessage | None) -> str | None:
        """The role in which a model speaks next."""
        if self._prompted is not None:
            return self._prompted[0]
        return opened.role if opened else None

    def _continues(self, token: int) -> bool:
        """Whether the model can continue after this end token."""
        return token in self._binding.continues

    def _shares_envelope(self, index: int) -> bool:
        """Whether a message shares an envelope with the one before it."""
        before = [span.part for span in self.spans if span.message == index - 1]
        role = self._messages[index - 1].role
        return role in self._binding.format.envelopes and before[-1:] not in (["end"], ["tail"])

    def _first_in_envelope(self, index: int) -> int:
        """The message that begins the envelope of a message, if it is in one."""
        while index and self._binding.format.envelopes and self._shares_envelope(index):
            index -= 1
        return index

    def _within(self) -> str | None:
        """The role whose envelope is open."""
        envelopes = self._binding.format.envelopes
        if not envelopes or not self._messages or not self.spans or self._opened() is not None:
            return None
        role, part = self._messages[-1].role, self.spans[-1].part
        return role if role in envelopes and part not in ("end", "tail", "stray") else None

    def _close_envelope(self) -> None:
        """Close the open envelope, if there is one."""
        if (within := self._within()) is not None:
            self._add(*self._renderer.close_envelope(within))

    def _add(self, ids: list[int], marks: list[Mark]) -> None:
        """Add ids that belong to the last message."""
        at, index = len(self.ids), len(self._messages) - 1
        for start, stop, part, generated in marks:
            span = Span(at + start, at + stop, index, part, generated)
            if self.spans[-1][2:] == span[2:]:
                span = span._replace(start=self.spans.pop().start)
            self.spans.append(span)
        self.ids += ids

    def _missing(self) -> list[int]:
        """The text that the format writes before anything else may follow: a tail or a prologue."""
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
        within = self.ids[self._start_of(self._first_in_envelope(opened.index)) : start]
        before = self._messages[opened.index - 1].role if opened.index else None
        return resume.Begun(opened, content, self.ids[start:], placed, within, before)

    @reads
    def __getstate__(self) -> dict[str, Any]:
        return self._copied().__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        Alone.__init__(self)
        self.__dict__.update(state)
