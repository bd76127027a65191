"""The sources of a reply: ids as they come, a transcript, or messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.conversation import Message
from chatfmt.errors import shown
from chatfmt.transcript import Transcript
from chatfmt.wire.events import (
    ArgumentsDelta,
    ContentDelta,
    HeaderField,
    MessageEnd,
    MessageStart,
    ToolCallEnd,
    ToolCallStart,
)
from chatfmt.wire.read.parser import StreamParser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.wire.events import Event

__all__ = ["events_of", "parser_for"]


def parser_for(
    source: ChatTokenizer | Transcript | StreamParser,
    tools: Iterable[Mapping[str, Any]] | None,
    thinking: bool | None,  # noqa: FBT001 - handed on
) -> tuple[StreamParser, int]:
    """The parser for the sampled ids, and the known number of calls before them.

    Raises:
        ValueError: ``tools`` or ``thinking`` is given with a source that was made with them.
    """
    if not isinstance(source, Transcript | StreamParser):
        return source.stream(thinking=thinking, tools=() if tools is None else tools), 0
    if tools is not None or thinking is not None:
        what = "transcript" if isinstance(source, Transcript) else "parser"
        raise ValueError(
            f"tools and thinking are for a tokenizer: expected neither for a {what}, which was "
            "made with them"
        )
    if isinstance(source, StreamParser):
        return source, 0
    return source.stream(), _calls_in(source.conversation.messages)


def _calls_in(messages: Iterable[Message]) -> int:
    """The number of calls in some messages, which is the number of the next made-up id."""
    return sum(
        len(message.tool_calls) + (message.role == "assistant" and message.recipient is not None)
        for message in messages
    )


def events_of(
    source: Transcript | Message | Sequence[Message],
) -> tuple[list[Event], list[Event], int]:
    """The events of a reply, those that cut it off, and the number of calls before it.

    Raises:
        ValueError: the transcript does not end with a reply, or there are no messages.
    """
    if isinstance(source, Transcript):
        first = source.last_reply
        if first is None:
            raise ValueError(
                "expected a transcript that ends with a model's reply, found one that ends with "
                "something else: call this right after append_completion()"
            )
        return *source.last_reply_events(), _calls_in(source.conversation.messages[:first])
    messages = [source] if isinstance(source, Message) else [*source]
    if not messages or not all(isinstance(message, Message) for message in messages):
        raise ValueError(
            "expected a transcript, a message, or the messages of one reply, found "
            f"{shown(source)}; of a completion, pass its messages"
        )
    return [event for at, one in enumerate(messages) for event in _events(at, one)], [], 0


def _events(index: int, message: Message) -> Iterator[Event]:
    """The events that a parser would give for a complete message."""
    yield MessageStart(index, message.role)
    for name in ("name", "recipient", "channel", "content_type"):
        if (value := getattr(message, name)) is not None:
            yield HeaderField(index, name, value)
    if message.reasoning:
        yield ContentDelta(index, "reasoning", message.reasoning)
    if message.content:
        yield ContentDelta(index, "content", message.content)
    for number, call in enumerate(message.tool_calls):
        yield ToolCallStart(index, number, call.id, call.name)
        if call.arguments:
            yield ArgumentsDelta(index, number, call.arguments)
        yield ToolCallEnd(index, number, call)
    yield MessageEnd(index, message, 0)
