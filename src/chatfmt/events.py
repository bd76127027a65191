"""What a parser reports while ids come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from chatfmt.conversation import Message

# Each event has the index of its message; the name hides tuple.index, which nobody needs here.
__all__ = ["ContentDelta", "Event", "HeaderField", "MessageEnd", "MessageStart"]


class MessageStart(NamedTuple):
    """A message has begun, and its role is known."""

    index: int  # type: ignore[assignment]
    role: str


class HeaderField(NamedTuple):
    """A field of the header is complete."""

    index: int  # type: ignore[assignment]
    name: str
    value: str


class ContentDelta(NamedTuple):
    """More text of a free-text field: whole characters, never empty."""

    index: int  # type: ignore[assignment]
    part: Literal["content", "reasoning"]
    text: str


class MessageEnd(NamedTuple):
    """A message is over. ``token`` is its end token, or None where it was cut off."""

    index: int  # type: ignore[assignment]
    message: Message
    token: int | None


Event: TypeAlias = MessageStart | HeaderField | ContentDelta | MessageEnd
