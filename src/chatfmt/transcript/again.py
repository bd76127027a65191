"""Reading ids again as they were read, or written, before."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.parser import StreamParser
    from chatfmt.wire.spans import Span

__all__ = ["Before", "Start", "before", "cut_out", "end_to_go_on_from", "feed_again", "is_unended"]


class Start(NamedTuple):
    """A position at which reading began, or at which a role was prompted.

    What stray ids mean depends on where the reader began, so a transcript remembers it.
    """

    position: int
    """Index of the id that comes next."""
    role: str | None = None
    """The role that was prompted; None where reading began."""
    prologue: bool = False
    """Whether the format's prologue was expected there."""


def cut_out(spans: Sequence[Span], start: int, stop: int) -> list[Span]:
    """The part between two positions of spans that tile the ids."""
    first = bisect_right(spans, start, key=attrgetter("stop"))
    last = bisect_left(spans, stop, key=attrgetter("start"))
    return [
        span._replace(start=max(span.start, start), stop=min(span.stop, stop))
        for span in spans[first:last]
    ]


class Before(TypedDict):
    """The facts that a parser needs about the messages before the first that it reads."""

    goes_on: str | None
    before: str | None
    unended: bool


def before(
    binding: Binding, messages: Sequence[Message], spans: Sequence[Span], ids: Sequence[int]
) -> Before:
    """The facts that a parser needs to begin after these messages and spans."""
    role = messages[-1].role if messages else None
    return {
        "goes_on": role if end_to_go_on_from(binding, spans, ids) else None,
        "before": role,
        "unended": is_unended(binding, role, spans),
    }


def is_unended(binding: Binding, role: str | None, spans: Sequence[Span]) -> bool:
    """Whether the message before, of this role, is the model's and has no end token."""
    return role in binding.format.unended and bool(spans) and spans[-1].part != "end"


def feed_again(
    parser: StreamParser, ids: Sequence[int], spans: Sequence[Span], prompts: Sequence[Start]
) -> list[Event]:
    """Feed the ids of some spans to a parser, and tell it who was prompted where.

    Args:
        parser: takes the ids.
        ids: all ids of the transcript.
        spans: which of them to feed, and whether they were sampled.
        prompts: positions at which roles were prompted, from the first of these spans on.

    Returns:
        The events.
    """
    events: list[Event] = []
    at = 0
    stops: list[tuple[int, str | None]] = [(prompt.position, prompt.role) for prompt in prompts]
    for stop, role in [*stops, (len(ids), None)]:
        for span in cut_out(spans, at, stop):
            parser.set_sampled(span.sampled)
            events += parser.feed_all(ids[span.start : span.stop])
        if role is not None:
            parser.restrict(role)
        at = stop
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
