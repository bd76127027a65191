"""Writes spans: a parser often learns only later what earlier ids were."""

from __future__ import annotations

from chatfmt.wire.spans import Part, Span

__all__ = ["SpanWriter"]


class SpanWriter:
    """Appends to ``spans`` so that they always tile the ids up to where they were last written.

    Ids belong to the current ``message``, ``part`` and ``generated``, and count as ``sampled``
    or not.
    """

    def __init__(self, spans: list[Span], position: int) -> None:
        self.spans = spans
        self.start = position
        """Where the current span begins."""
        self.message: int | None = None
        self.part: Part = "prologue"
        self.generated = False
        self.sampled = False

    def copy(self, spans: list[Span]) -> SpanWriter:
        """A copy in the same state that appends to other spans."""
        other = SpanWriter(spans, self.start)
        other.message, other.part, other.generated = self.message, self.part, self.generated
        other.sampled = self.sampled
        return other

    def switch(self, at: int, message: int | None, part: Part, *, generated: bool) -> None:
        """The ids from position ``at`` on belong to this, even those that are already written."""
        self.write(max(at, self.start))
        behind = self._cut(at)
        self.message, self.part, self.generated = message, part, generated
        for span in behind:
            self._add(Span(span.start, span.stop, message, part, generated, span.sampled))

    def generate(self, at: int) -> None:
        """The ids from position ``at`` on are generated, whatever else they are."""
        behind = self._cut(at)
        self.generated = True
        for span in behind:
            self._add(span._replace(generated=True))

    def prompted(self, start: int, stop: int) -> None:
        """The unsampled ids from ``start`` up to ``stop`` belong to a prompt."""
        self.write(stop)
        behind = self._cut(start)
        for span in behind:  # they may have been written further than that
            before, after = min(span.stop, stop), max(span.start, stop)
            if span.start < before:
                generated = span.generated and span.sampled
                self._add(span._replace(stop=before, generated=generated))
            if after < span.stop:
                self._add(span._replace(start=after))

    def _cut(self, at: int) -> list[Span]:
        """Remove the spans from position ``at`` on."""
        behind: list[Span] = []
        while self.spans and self.spans[-1].stop > at:
            span = self.spans.pop()
            if span.start < at:
                self.spans.append(span._replace(stop=at))
            behind.append(span._replace(start=max(at, span.start)))
        return behind[::-1]

    def write(self, stop: int) -> None:
        """Write the span that ends before ``stop``."""
        if stop > self.start:
            key = (self.start, stop, self.message, self.part, self.generated, self.sampled)
            self._add(tuple.__new__(Span, key))  # in half the time of the class
            self.start = stop

    def _add(self, span: Span) -> None:
        last = self.spans[-1] if self.spans else None
        if last is not None and last.stop == span.start and last[2:] == span[2:]:
            self.spans[-1] = last._replace(stop=span.stop)
        else:
            self.spans.append(span)
