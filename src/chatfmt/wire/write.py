"""From a conversation to ids and spans: the pieces of the format line, from left to right."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from chatfmt.errors import ChatfmtError
from chatfmt.wire.frame import Key, key_of, size_of
from chatfmt.wire.frames import Frames
from chatfmt.wire.kept import Kept
from chatfmt.wire.prompting import Prompter
from chatfmt.wire.runs import RunWriter, begun_before
from chatfmt.wire.schemas import types_of
from chatfmt.wire.spans import Span
from chatfmt.wire.trained import after_unended

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.schemas import ArgumentTypes

__all__ = ["Renderer"]

_Around: TypeAlias = "tuple[list[int], str, str | None, list[int]]"
"""Head, prefix, suffix and close of a frame: a plain tuple is unpacked in a third of the time.
"""


class Renderer:
    """Writes messages of one format in one encoding.

    ``types`` says of which types the arguments of tools may be, where a format writes them so that
    it matters; see `for_tools`.
    """

    def __init__(self, binding: Binding, types: ArgumentTypes | None = None) -> None:
        self._types = types or {}
        self._others: Kept[str, Renderer] = Kept()
        self.binding = binding
        self.format = binding.format
        writer = RunWriter(
            binding, lambda text, _: binding.encoding.encode_ordinary(text), "prologue"
        )
        writer.write(self.format.prologue_pieces)
        writer.flush()
        self.prologue = writer.ids
        """The ids that appear once at the start."""
        self.prologue_spans = [
            Span(start, stop, None, part, generated)
            for start, stop, part, generated in writer.marks
        ]
        self._frames = Frames(binding, self._types)
        self.by_itself = self._frames.by_itself
        """Whether the ids of a message depend only on the message, whatever is around it."""
        self.frame = self._frames.one
        self.frames = self._frames.all
        self.encode = self._frames.maker.encode
        self._longest = binding.capabilities.longest_run or sys.maxsize
        self.content = self._frames.content
        self.opening = self._frames.opening
        self.close_envelope = self._frames.close_envelope
        prompter = Prompter(self._frames)
        self.prompt = prompter.prompt
        self.prefilled = prompter.prefilled
        self.closing = prompter.closing
        self._around: Kept[Key, _Around] = Kept()
        self._stops: dict[str, frozenset[int]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Renderer, (self.binding, self._types)

    def for_tools(self, tools: Iterable[Mapping[str, Any]]) -> Renderer:
        """A renderer for conversations with these tools; it writes strings that others refuse."""
        if not (tools and self.format.arguments):
            return self
        types = types_of(tools)
        key = repr(types)
        found = self._others.known.get(key)
        if found is None:
            found = Renderer(self.binding, types)
            self._others.keep(key, found, len(key))
        return found

    def extend(self, ids: list[int], messages: Iterable[Message], *, prompts: bool = False) -> None:
        """Append the ids of ``messages`` to ``ids``; ``prompts``: a prompt follows.

        Raises:
            RenderError: the format cannot carry one of them.
        """
        if not self._frames.stands_alone:
            listed = [*messages]
            framed = zip(listed, self.frames(listed, marks=False, prompts=prompts), strict=True)
            for index, (message, frame) in enumerate(framed):
                ids += frame.head
                ids += self.content(frame.text(message), message, index)
                ids += frame.close
            return
        known, encode, longest = (
            self._around.known,
            self.binding.encoding.encode_ordinary,
            self._longest,
        )
        for index, message in enumerate(messages):
            fields = message.__dict__
            try:
                around = known[key_of(fields)]
            except KeyError:  # what is raised in here would seem to come of this error
                around = None
            head, prefix, suffix, close = around or self._look_up(message, index)
            if suffix is None:
                ids += close
                continue
            text = prefix + fields["content"] + suffix
            ids += head
            try:
                ids += encode(text) if len(text) <= longest else self.encode(text, index)
            except (UnicodeEncodeError, ChatfmtError):
                self.content(text, message, index)  # raises what says where
            ids += close

    def _look_up(self, message: Message, index: int) -> _Around:
        frame = self.frame(message, index, marks=False)
        around = frame.head, frame.prefix, frame.suffix, frame.close
        if frame.suffix is not None:  # the frame is the same for every content
            key = key_of(message.__dict__)
            self._around.keep(key, around, size_of(key, frame))
        return around

    def extend_with_spans(
        self,
        ids: list[int],
        spans: list[Span],
        messages: Sequence[Message],
        *,
        first: int = 0,
        continues: str | None = None,
        before: str | None = None,
        unended: bool = False,
        within: str | None = None,
        offset: int = 0,
    ) -> None:
        """Like `extend`, and append the spans; an envelope around the last one stays open.

        ``continues`` is the role that has ended a message and can continue with another, ``before``
        the role of the last message, which with ``unended`` still has no end, and ``within`` the
        role whose envelope is open; ``offset`` is added to all positions.
        """
        # tuple.__new__ makes a named tuple in half the time of its class
        add, new = spans.append, tuple.__new__
        frames = self.frames(messages, first, continues, before=before, within=within, close=False)
        for index, (message, frame) in enumerate(zip(messages, frames, strict=True), first):
            around = after_unended(self.binding, frame) if unended else frame
            head, head_marks, prefix, suffix, close, close_marks, *_, unended, _ = around
            start = offset + len(ids)
            for begin, end, part, generated in head_marks:
                add(new(Span, (start + begin, start + end, index, part, generated, False)))
            ids += head
            text = "" if suffix is None else prefix + message.content + suffix
            content = self.content(text, message, index)
            ids += content
            start += len(head)
            if prefix:
                count = begun_before(self.binding, content, len(prefix.encode()))
                begin, kind = start, ("header", False)
                if head_marks:
                    begin, kind = spans.pop().start, head_marks[-1][2:]
                start += count
                add(new(Span, (begin, start, index, *kind, False)))
            stop = offset + len(ids)
            if stop > start:
                add(new(Span, (start, stop, index, "content", True, False)))
            elif head_marks and close_marks and head_marks[-1][2:] == close_marks[0][2:]:
                # nothing is between them
                spans[-1] = spans[-1]._replace(stop=stop + close_marks[0][1])
                close_marks = close_marks[1:]
            for begin, end, part, generated in close_marks:
                add(new(Span, (stop + begin, stop + end, index, part, generated, False)))
            ids += close

    def count_messages(self, messages: Iterable[Message]) -> list[int]:
        """The number of ids of each message, frame included."""
        counts: list[int] = []
        listed = [*messages]
        framed = zip(listed, self.frames(listed, marks=False), strict=True)
        for index, (message, frame) in enumerate(framed):
            content = self.content(frame.text(message), message, index)
            counts.append(len(frame.head) + len(content) + len(frame.close))
        return counts

    def stops(self, role: str | None) -> frozenset[int]:
        """The ids at which a model stops that was prompted in this role."""
        if role is None or role not in self.format.lines_of or self.format.stops:
            return self.binding.stops
        if role not in self._stops:
            ends = self.format.ends_of(role).items()
            self._stops[role] = frozenset(self.binding.ids[end] for end, stops in ends if stops)
        return self._stops[role]
