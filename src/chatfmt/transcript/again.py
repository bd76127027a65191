"""Reading ids again whose messages are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.wire.events import Event
    from chatfmt.wire.read.parser import StreamParser
    from chatfmt.wire.spans import Span

__all__ = ["feed_again"]


def feed_again(
    parser: StreamParser, ids: Sequence[int], spans: Sequence[Span], roles: Mapping[int, str]
) -> list[Event]:
    """Feed the ids of some spans; the events. Where a prompt ends, it was known who speaks.

    Args:
        parser: takes the ids.
        ids: all ids, from which the spans say.
        spans: those to feed.
        roles: index of a message to its role, as far as it is known.
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
