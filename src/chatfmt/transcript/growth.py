"""Add ids at the end of a transcript, and track what is open there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from chatfmt.conversation import Conversation
from chatfmt.errors import RenderError
from chatfmt.transcript.again import (
    Start,
    before,
    cut_out,
    end_to_go_on_from,
    feed_again,
    is_unended,
)
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
        starts: list[Start] | None = None,
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
        self._unfinished = unfinished  # something is open or missing: only a parser can continue
        self._parser: StreamParser | None = None
        self._prompted = prompted
        self._starts = [Start(0, prologue=True)] if starts is None else starts
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
            starts=list(self._starts),
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
        if parser.open is None and not parser.missing and not parser.is_within_character:
            self._let_go()

    def _write_prompt(self, ids: Sequence[int], role: str) -> None:
        """Add ids of a prompt after which a model speaks in this role."""
        self._write(ids)
        self._prompted = role, len(self.ids)
        if self._parser is not None:
            self._parser.restrict(role)
            self._starts.append(Start(len(self.ids), role))

    def _live(self) -> StreamParser:
        """The parser that stands after the last id."""
        if self._parser is None:
            start = self._start_again()
            if self._unfinished:
                self._parser, _ = self._read_again(start)
            else:
                if self._going_on() is None:
                    self._begin()
                self._parser = self._new_parser(start)
            self._unfinished = True
        return self._parser

    def _standing(self) -> StreamParser | None:
        """That parser, for reading only. None if nothing is open or missing.

        A parse that must not end inside a message has reported the open message as an issue;
        `_read_again` removes the issue, which may happen only when the message does continue.
        """
        if self._parser is None and self._unfinished:
            return self._copied()._live()
        return self._parser

    def _last_index(self) -> int | None:
        """The message of the last ids that belong to one."""
        return next((s.message for s in reversed(self.spans) if s.message is not None), None)

    def _begin(self) -> None:
        """Reading begins at the next id, and not where the parser before would continue."""
        start = Start(len(self.ids))
        if self._starts[-1] != start:
            self._starts.append(start)

    def _start_again(self) -> Start:
        """Where to begin so as to stand after the last id as the parser did that read it.

        Where something is open, that is the first id of its message, or of its envelope. Where
        something before it was wrong, it is where that parser began: how it went on may depend on
        that.
        """
        if not self._unfinished:
            return Start(len(self.ids))
        began = next(start for start in reversed(self._starts) if start.role is None)
        if (index := self._last_index()) is None:
            return began
        at = self._start_of(self._first_in_envelope(index))
        wrong = any(began.position <= issue.position <= at for issue in self.issues)
        wrong = wrong or any(s.part == "stray" for s in cut_out(self.spans, began.position, at))
        return began if wrong or at <= began.position else Start(at)

    def _read_again(self, start: Start) -> tuple[StreamParser, list[Event]]:
        """A parser that has read again all from a position on, and what it reported."""
        again = self._take_off(start.position)
        # At the first id itself there may be an issue of the message before, which it cut off.
        known = [i for i in self.issues if i.position <= start.position and start.position]
        self.issues.clear()
        parser = self._new_parser(start)
        events = feed_again(parser, self.ids, again, self._prompts_from(start.position))
        self.issues[:] = dict.fromkeys([*known, *self.issues])
        return parser, events

    def _take_off(self, position: int) -> list[Span]:
        """Take off the spans from a position on, and their messages."""
        taken = cut_out(self.spans, position, len(self.ids))
        self.spans[:] = cut_out(self.spans, 0, position)
        if (index := next((s.message for s in taken if s.message is not None), None)) is not None:
            del self._messages[index:]
        return taken

    def _prompts_from(self, position: int) -> list[Start]:
        """The prompts that a parser has read that begins at this position."""
        begun = [i for i, s in enumerate(self._starts) if s.role is None and s.position <= position]
        return [s for s in self._starts[begun[-1] :] if s.role and s.position >= position]

    def _new_parser(self, start: Start) -> StreamParser:
        """A parser that begins there and continues with what is before."""
        parser = StreamParser(
            self._binding,
            strict=False,
            prologue=start.prologue,
            position=start.position,
            messages=self._messages,
            spans=self.spans,
            issues=self.issues,
            **before(self._binding, self._messages, self.spans, self.ids),
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
        """Whether the message before, of this role, is the model's and has no end token."""
        return is_unended(self._binding, role, self.spans)

    def _end_open(self, rest: list[int]) -> None:
        """End the open message with these ids; without an end token it ends where it is.

        Where it may not end there, in a call say, that is an issue.
        """
        if rest:
            self._write(rest)
        if self._unfinished and (parser := self._live()).open is not None:
            self._end_reading(parser)

    def _end_reading(self, parser: StreamParser) -> None:
        """Take the text read so far as all of it."""
        parser.close(followed=True)
        self._let_go()
        if self._within() is None:
            self._begin()

    def _let_go(self) -> None:
        """Nothing is open, and nothing missing."""
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
        self._starts = [start for start in self._starts if start.position <= len(self.ids)]
        del self._logprobs[len(self.ids) :]
        self._let_go()

    def _going_on(self, *, sampled: bool = False) -> str | None:
        """The role that has ended a message with a token after which it can continue."""
        end = end_to_go_on_from(self._binding, self.spans, self.ids)
        return self._messages[-1].role if end and (end.sampled or not sampled) else None

    def _prompt_for_reply(self, opened: OpenMessage | None) -> None:
        """Write the assistant's prompt, if nothing is open in which a model could speak.

        Raises:
            RenderError: the format has no assistant.
        """
        if opened is None and self._going_on(sampled=True) is None and not self._at_prompt():
            prompt = self._renderer.prompt("assistant", before=self._last_role())
            self._close_envelope()
            self._write_prompt([*self._missing(), *prompt], "assistant")

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

    def _begun(self) -> resume.Begun:
        parser, opened = self._standing(), self._opened()
        assert parser is not None  # noqa: S101 - it reads the message
        assert opened is not None  # noqa: S101 - there is one
        if opened.role is None:
            raise RenderError(
                "the message is open and has no role yet, so it cannot be ended; continue it with "
                "append_completion()",
                self._binding.format.name,
                opened.index,
            )
        start, content = parser.begins_at, parser.open_content
        spans = cut_out(self.spans, start, len(self.ids))
        # ids of which it is not settled yet what they are belong to no message so far
        kept = [s for s in spans if s.part != "stray" or s.message != opened.index]
        placed = [token for span in kept for token in self.ids[span.start : span.stop]]
        within = self.ids[self._start_of(self._first_in_envelope(opened.index)) : start]
        before = self._messages[opened.index - 1].role if opened.index else None
        return resume.Begun(opened, content, self.ids[start:], placed, within, before)

    @reads
    def __getstate__(self) -> dict[str, Any]:
        return self._copied().__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        Alone.__init__(self)
        self.__dict__.update(state)
