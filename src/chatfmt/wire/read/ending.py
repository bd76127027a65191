"""The end of the input, and the beginnings of the messages that count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import IssueKind
from chatfmt.wire.read.characters import PENDING
from chatfmt.wire.read.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.wire.events import Event

__all__ = ["Ending"]


class Ending(Intake):
    """The part of `chatfmt.wire.read.parser.StreamParser` that is closed."""

    def close(self, *, followed: bool = False) -> list[Event]:
        """End the input; a strict parse refuses this within a message.

        A closed parser takes nothing more: each method that takes ids raises ValueError. Closing it
        again does nothing.

        Args:
            followed: whether another message follows. A message cut off in its header then counts
                as one, as it does if the next message begins with a special token.

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
        if self.is_stopped:
            self._end_with_stop()
        elif not self.may_end and (reader.draft.is_open or reader.lost is None):
            reader.report.issue(IssueKind.OPEN_MESSAGE, "the end of the input")
        if reader.state.pending:
            reader.report.invalid(PENDING)
        self._lenient.end(followed=followed)
        reader.span.write(reader.position)
        self._closed = True
        return self._taken()

    @property
    def may_end(self) -> bool:
        """Whether the input may end here.

        >>> import chatfmt
        >>> parser = chatfmt.get_tokenizer("gpt-4o").stream()
        >>> _ = parser.feed(13225)
        >>> parser.may_end
        False
        """
        reader = self._reader
        whole = reader.draft.is_stop or reader.may_end
        return reader.lost is None and whole and not reader.state.pending

    @property
    def is_stopped(self) -> bool:
        """Whether the last id stopped a message that has no end token, and began the next.

        >>> import chatfmt
        >>> chatfmt.get_tokenizer("gpt-4o").stream().is_stopped
        False
        """
        return self._reader.draft.is_stop and self.may_end

    def _end_with_stop(self) -> None:
        """Let the last id only end the message before it, and begin none."""
        reader = self._reader
        draft = reader.draft
        reader.span.write(reader.position)
        reader.span.switch(draft.begins_at, draft.index - 1, "end", generated=True)
        draft.drop()

    def forget(self) -> None:
        """Drop everything reported so far: messages, spans, issues, the current field's text.

        The parser continues as before, but the open message is incomplete when it ends.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> _ = parser.feed_all([13225, 11, 2375])
        >>> parser.forget()
        >>> parser.open_content
        Message(role='assistant', content='Hello')
        """
        for told in (self.messages, self.spans, self.issues):
            told.clear()
        self._find_sink()
        position = self.position
        self._reader.draft.calls.forget()
        if self._sink is not None:
            if isinstance(self._field, str):
                del self._sink[1:]  # it still counts that there was some text
            self._sunk_from = position - len(self._sink)

    def expect_reply(self, index: int) -> None:
        """Set the message that a model will continue: it closes its reasoning itself.

        >>> import chatfmt
        >>> chatfmt.get_tokenizer("gpt-4o").stream().expect_reply(0)
        """
        self._reader.draft.prompted = index

    def report_first(self, events: Sequence[Event]) -> None:
        """Report these events of earlier input together with those of the next id.

        Complete messages are forgotten: the open or next one has index 0.

        >>> import chatfmt
        >>> parser = chatfmt.get_tokenizer("gpt-4o").stream()
        >>> parser.report_first(parser.feed_all([13225]))
        >>> [event.text for event in parser.feed(11)[1:]]
        ['Hello', ',']
        """
        count = len(self.messages)
        self.messages.clear()
        self.spans.clear()
        self._leave_sink()
        self._reader.events[:] = _numbered_from(count, events)
        self._reader.draft.renumber(count)


def _numbered_from(count: int, events: Sequence[Event]) -> list[Event]:
    """Events of later messages, numbered as if that many messages had not been there."""
    return [
        event._replace(index=event.index - count)
        for event in events
        if event.index is not None and event.index >= count
    ]
