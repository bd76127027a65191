"""Questions to a parser between two ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.wire.read.ending import Ending
from chatfmt.wire.spans import OpenMessage

if TYPE_CHECKING:
    from chatfmt.conversation import Message

__all__ = ["Allowed", "Questions"]


class Allowed(NamedTuple):
    """The ids and text that may come next, if the message is to be completed.

    >>> import chatfmt
    >>> chatfmt.get_tokenizer("gpt-4o").stream().allowed().text
    True
    """

    special_tokens: frozenset[int]
    """The ids of special tokens."""
    text: bool
    """Whether any text may come."""


class Questions(Ending):
    """The open message, the missing text, and what may come next."""

    @property
    def open(self) -> OpenMessage | None:
        """The message that has begun and not ended.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.open.role
        'assistant'
        """
        draft, place = self._reader.likely_draft()
        if not draft.is_open:
            return None
        role = draft.likely_role
        if role is None and self._reader.lost is None and len(place.roles) == 1:
            role = next(iter(place.roles))
        part = self._reader.field_at(place) or "header"
        if place.meaning.part == "calls" or part.startswith("call"):
            part = "calls"
        return OpenMessage(draft.index, part, role, **draft.header_fields)  # type: ignore[arg-type]

    @property
    def begins_at(self) -> int:
        """Position of the first id of the open message.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream(role=None)
        >>> _ = parser.feed_all([200264, 1428, 200266, 24912, 200265, 200264])
        >>> parser.begins_at
        5
        """
        draft, _ = self._reader.likely_draft()
        return draft.begins_at

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
        draft, _ = self._reader.likely_draft()
        if not draft.is_open or not draft.has_begun or draft.role is None:
            return None
        return draft.message()

    @property
    def missing(self) -> list[str | bytes]:
        r"""The text that the format still has to write: (the rest of) prologue or tail.

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
        """Everything that may come next: exactly that from which a message can be completed.

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
    def is_within_character(self) -> bool:
        """Whether the ids so far end within a character, which is not known yet.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> _ = parser.feed(9552)
        >>> parser.is_within_character
        True
        """
        return bool(self._reader.state.pending)

    def stands_with(self, other: Questions) -> bool:
        """Whether another parser of the same format and encoding continues as this one does.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.stands_with(tok.stream())
        True
        >>> _ = parser.feed(200265)
        >>> parser.stands_with(tok.stream())
        False
        """
        mine, others = self._reader, other._reader
        return mine.lost is None and others.lost is None and mine.state is others.state

    @property
    def in_envelope(self) -> bool:
        """Whether a message is complete and the envelope around it is still open.

        >>> import chatfmt
        >>> chatfmt.get_tokenizer("gpt-4o").stream().in_envelope
        False
        """
        return self._reader.lost is None and self._reader.state.completes
