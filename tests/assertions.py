"""Assertions about spans and events that several tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt import ContentDelta, HeaderField, MessageEnd, MessageStart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Event, Span


def assert_tiles(spans: Sequence[Span], length: int) -> None:
    borders = [0, *(span.stop for span in spans)]
    assert [span.start for span in spans] == borders[:-1]
    assert borders[-1] == length
    assert all(span.start < span.stop for span in spans)


def assert_events_tell_messages(events: Sequence[Event], messages: Sequence[Any]) -> None:
    """What the events say, put together, are the messages."""
    started: dict[int, str] = {}
    texts: dict[tuple[int, str], str] = {}
    fields: dict[tuple[int, str], str] = {}
    ended = []
    for event in events:
        match event:
            case MessageStart(index, role):
                assert index not in started
                started[index] = role
            case HeaderField(index, field, value):
                assert index in started
                fields[index, field] = value
            case ContentDelta(index, part, text):
                assert text
                assert index in started
                texts[index, part] = texts.get((index, part), "") + text
            case MessageEnd(index, message, _):
                assert started[index] == message.role
                ended.append(message)
                for part in ("content", "reasoning"):
                    assert texts.get((index, part), "") == (getattr(message, part) or "")
                for field in ("name", "recipient", "channel", "content_type"):
                    assert fields.get((index, field)) == getattr(message, field)
    assert ended == list(messages)
