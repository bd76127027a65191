"""One of two compared sequences of ids, parsed."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from chatfmt.errors import named, shown
from chatfmt.wire.ids import as_ids
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.spans import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.wire.binding import Binding

__all__ = ["Side", "readable"]

_SHOWN = 8  # tokens


class Side:
    """One of the two sequences, parsed."""

    def __init__(
        self, name: str, binding: Binding, ids: Sequence[int], prologue: Sequence[int]
    ) -> None:
        self.name = name
        self.ids = as_ids(ids)
        self._binding = binding
        size = len(prologue)
        at = 0
        while size and self.ids[at : at + size] == list(prologue):
            at += size
        self.prologues = at // size if size else 0
        # A number of prologues other than one is reported separately, not as a difference of
        # messages.
        parser = StreamParser(binding, strict=False, prologue=False, position=at)
        parser.feed_all(self.ids[at:])
        self._spans = [Span(0, at, None, "prologue", generated=False), *parser.spans]
        opened = parser.open_content
        self.messages = [*parser.messages, *([opened] if opened else [])]

    def span_at(self, position: int) -> Span | None:
        """The span of an id; None after the last one."""
        return next((s for s in self._spans if s.start <= position < s.stop), None)

    def shown(self, position: int) -> tuple[str, ...]:
        """Ids as text: ordinary text quoted, special tokens bare."""
        return tuple(map(self._shown, self.ids[position : position + _SHOWN]))

    def _shown(self, token: int) -> str:
        spelled = self._binding.spell(token).decode(errors="backslashreplace")
        if self.is_special(token):
            return named(spelled)
        return shown(spelled) if spelled else f"(no id of the encoding: {token})"

    def is_special(self, token: int) -> bool:
        """Whether an id is that of a special token."""
        return token in self._binding.spellings

    def run(self, start: int) -> bytes:
        """The text from here to the next special token."""
        text = takewhile(lambda token: not self.is_special(token), self.ids[start:])
        return b"".join(map(self._spell, text))

    def text_without(self, messages: range) -> bytes:
        """All of the text, with special tokens spelled out, except for some messages."""
        left = (s for s in self._spans if s.message is None or s.message not in messages)
        return b"".join(self._spell(token) for s in left for token in self.ids[s.start : s.stop])

    def _spell(self, token: int) -> bytes:
        # An id outside the encoding has no text, but must differ from no id at all.
        return self._binding.spell(token) or b"\xff%d" % token

    def special_behind(self, start: int) -> bytes:
        """The special token that closes the run, spelled out; empty at the end."""
        return self._binding.spell(next(filter(self.is_special, self.ids[start:]), -1))

    def text_from(self, position: int) -> str:
        """The text from here to the next special token, and that token spelled out."""
        text = self.run(position) + self.special_behind(position)
        return readable(text)


def readable(run: bytes) -> str:
    """Bytes as text; those that are not UTF-8 are escaped."""
    return run.decode(errors="backslashreplace")
