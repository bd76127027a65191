"""How the input ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import IssueKind
from chatfmt.wire.read.characters import PENDING
from chatfmt.wire.read.intake import Intake

if TYPE_CHECKING:
    from chatfmt.wire.events import Event

__all__ = ["Ending"]


class Ending(Intake):
    """The part of `chatfmt.wire.read.parser.StreamParser` that is closed."""

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
        if self.is_stopped:
            self._end_with_stop()
        elif not self.may_end and (reader.draft.is_open or reader.lost is None):
            reader.report.issue(IssueKind.OPEN_MESSAGE, "the end of the input")
        if reader.state.pending:
            reader.report.invalid(PENDING)
        self._lenient.end()
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
        """The last id only ends the message before it, and begins none."""
        reader = self._reader
        draft = reader.draft
        reader.span.write(reader.position)
        reader.span.switch(draft.begins_at, draft.index - 1, "end", generated=True)
        draft.drop()
