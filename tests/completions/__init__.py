"""Completions of models, by layout, and how they are read: tables written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from chatfmt import ContentDelta, HeaderField, Message, MessageEnd, MessageStart, Stray, ToolCall
from chatfmt.wire.events import ArgumentsDelta, ToolCallAbandoned, ToolCallEnd, ToolCallStart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt import Event

__all__ = ["START", "Case", "Told", "called", "said", "told"]

Told: TypeAlias = "tuple[str | None, ...]"
"""An event in short."""


class Case(NamedTuple):
    """A completion."""

    text: str
    """With special tokens as they are spelled."""
    messages: list[Message]
    issues: str
    """Their kinds, in order."""
    events: list[Told]
    thinking: bool | None = None
    """What the prompt before it was made with."""


START: Told = ("start", "assistant")


def said(content: str = "", *calls: tuple[str, ...], **fields: Any) -> Message:
    """A message of the assistant; calls as name, arguments and, where it has one, id."""
    made = tuple(ToolCall(name=n, arguments=a, id=next(iter(i), None)) for n, a, *i in calls)
    return Message(role="assistant", content=content, tool_calls=made, **fields)


def called(name: str, arguments: str, identifier: str | None = None) -> list[Told]:
    """The events of a call."""
    pieces: list[Told] = [("arguments", arguments)] if arguments else []
    return [("call", name, identifier), *pieces, ("called", name, arguments)]


def told(events: Sequence[Event], spellings: Mapping[int, str]) -> list[Told]:
    """The events in short; texts that come in pieces as one."""
    found: list[Told] = []
    for event in events:
        short = _short(event, spellings)
        if found and short[0] == found[-1][0] and short[0] in _IN_PIECES:
            found[-1] = short[0], str(found[-1][1]) + str(short[1])
        else:
            found.append(short)
    return found


_IN_PIECES = ("content", "reasoning", "stray", "arguments")


def _short(event: Event, spellings: Mapping[int, str]) -> Told:  # noqa: PLR0911 - one for each kind
    match event:
        case MessageStart(_, role):
            return "start", role
        case HeaderField(_, name, value):
            return name, value
        case ContentDelta(_, part, text):
            return part, text
        case Stray(_, _, text):
            return "stray", text
        case ToolCallStart(_, _, identifier, name):
            return "call", name, identifier
        case ArgumentsDelta(_, _, text):
            return "arguments", text
        case ToolCallEnd(_, _, call):
            return "called", call.name, call.arguments
        case ToolCallAbandoned(_, _, text):
            return "abandoned", text
        case MessageEnd(_, _, token):
            return "end", None if token is None else spellings.get(token, "text")
