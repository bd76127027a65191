"""Spans as they are written: a parser often learns only later what ids before were."""

from __future__ import annotations

from chatfmt.spans import Part, Span

__all__ = ["SpanWriter"]


class SpanWriter:
    """Appends to ``spans`` so that they always tile the ids up to where they were last written.

    Ids belong to ``message``, ``part`` and ``generated`` as they stand, and count as ``sampled``
    or not.
    """

    def __init__(self, spans: list[Span], position: int) -> None:
        self.spans = spans
        self.start = position
        """Where the span begins that is being written."""
        self.message: int | None = None
        self.part: Part = "prologue"
        self.generated = False
        self.sampled = False

    def switch(self, at: int, message: int | None, part: Part, *, generated: bool) -> None:
        """The ids from position ``at`` on belong to this, also those that are written already."""
        self.write(max(at, self.start))
        behind: list[Span] = []
        while self.spans and self.spans[-1].stop > at:
            behind.append(self.spans.pop())
        self.message, self.part, self.generated = message, part, generated
        for span in reversed(behind):
            if span.start < at:
                self.spans.append(span._replace(stop=at))
            self._add(Span(max(at, span.start), span.stop, message, part, generated, span.sampled))

    def write(self, stop: int) -> None:
        """Write down the span that ends before ``stop``."""
        if stop > self.start:
            key = (self.message, self.part, self.generated, self.sampled)
            self._add(Span(self.start, stop, *key))
            self.start = stop

    def _add(self, span: Span) -> None:
        last = self.spans[-1] if self.spans else None
        if last is not None and last.stop == span.start and last[2:] == span[2:]:
            self.spans[-1] = last._replace(stop=span.stop)
        else:
            self.spans.append(span)
