"""Read ids again after their messages are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.parser import StreamParser
    from chatfmt.wire.spans import Span

__all__ = ["end_to_go_on_from", "feed_again"]


def feed_again(
    parser: StreamParser, ids: Sequence[int], spans: Sequence[Span], roles: Mapping[int, str]
) -> list[Event]:
    """Feed the ids of some spans, and return the events. At the end of a prompt, the role is known.

    Args:
        parser: reads the ids.
        ids: all ids; the spans refer to them.
        spans: the spans to feed.
        roles: the known roles, by index of the message.
    """
    before: Span | None = None
    events: list[Event] = []
    for span in spans:
        if before is not None and span.sampled and not before.sampled:
            role = None if span.message is None else roles.get(span.message)
            if role is not None and before.message == span.message:
                parser.restrict(role)
        parser.set_sampled(span.sampled)
        events += parser.feed_all(ids[span.start : span.stop])
        before = span
    return events


def end_to_go_on_from(binding: Binding, spans: Sequence[Span], ids: Sequence[int]) -> Span | None:
    """The end of the last message, for a reader, if the model can continue after it.

    A reader skips single tokens after an end; lost text ends this.
    """
    for span in reversed(spans):
        if span.part == "end":
            return span if ids[span.stop - 1] in binding.continues else None
        run = ids[span.start : span.stop]
        is_text = any(token not in binding.spellings and binding.spell(token) for token in run)
        if span.part != "stray" or span.message is not None or is_text:
            return None
    return None
