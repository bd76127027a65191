"""Replay the events of the last reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.transcript.again import Start
from chatfmt.transcript.views import Views
from chatfmt.wire.alone import reads

if TYPE_CHECKING:
    from chatfmt.wire.events import Event

__all__ = ["Replies"]


class Replies(Views):
    """The reply at a transcript's end."""

    @property
    @reads
    def last_reply(self) -> int | None:
        """Index of the first message of the reply at the end of the transcript, if there is one.

        A reply is everything that a model writes up to a token that stops it. In a format such as
        harmony, where reasoning and calls are separate messages, it may have several messages.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.last_reply is None
        True
        >>> _ = chat.append_completion([13225, 200265])
        >>> chat.last_reply
        1
        """
        opened = None if self._stop_id() is not None else self._opened()
        roles: list[str | None] = [message.role for message in self._messages]
        if opened is not None:
            roles.append(self._speaker(opened) if opened.role is None else opened.role)
        first = len(roles) - 1
        if first < 0 or not (roles[first] == "assistant" or self._is_sampled(first)):
            return None
        while first and roles[first - 1] == roles[-1] and self._may_go_on(first - 1):
            first -= 1
        return first

    @reads
    def last_reply_events(self) -> tuple[list[Event], list[Event]]:
        """The events of that reply, and those that report that it was cut off.

        These are the events that a stream would have returned during sampling, with unbroken text
        of a field in one piece, and with the events of the prompt first. Indices of messages are
        those in the transcript. Both are empty if there is no reply.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225])
        >>> events, cut_off = chat.last_reply_events()
        >>> events[-1], type(cut_off[-1]).__name__
        (ContentDelta(index=1, part='content', text='Hello'), 'MessageEnd')
        """
        first = self.last_reply
        if first is None:
            return [], []
        start = Start(self._start_of(self._first_in_envelope(first)))
        parser, events = self._copied()._read_again(start)
        return events, parser.close()

    def _is_sampled(self, index: int) -> bool:
        return any(span.sampled for span in self.spans if span.message == index)

    def _may_go_on(self, index: int) -> bool:
        """Whether a message ends in a token after which the model can continue."""
        ends = [s for s in self.spans if s.message == index and s.part == "end"]
        return bool(ends) and self._continues(self.ids[ends[-1].stop - 1])
