"""Turns ids into text or events as they are sampled, for iterators and async iterators.

All four take a parser from `ChatTokenizer.stream` or `Transcript.stream`, and ids in any iterable.
They stop right after the first stop token and take no further id. If the ids end without one, the
parser is closed: half a character that waited for its other half becomes U+FFFD, with an issue. A
piece of text never ends inside a character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from chatfmt.wire.fast.text_only import TextOnly
from chatfmt.wire.ids import as_id
from chatfmt.wire.read.parser import StreamParser, content_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

    from chatfmt.wire.events import Event
    from chatfmt.wire.write import Renderer

__all__ = ["astream_events", "astream_text", "prompted", "stream_events", "stream_text"]


# Parsers that have read a prompt: copying one takes a tenth of the time of making it.
_PRIMED: WeakKeyDictionary[Renderer, dict[tuple[object, ...], StreamParser]] = WeakKeyDictionary()


def prompted(
    renderer: Renderer, role: str, *, strict: bool, thinking: bool | None = None
) -> StreamParser:
    """A parser after a prompt for this role; ``thinking`` as in `ChatTokenizer.encode_prompt`.

    Raises:
        RenderError: the format has no such role.
    """
    known = _PRIMED.setdefault(renderer, {})
    key = role, strict, thinking
    primed = known.get(key)
    if primed is None:
        primed = StreamParser(renderer.binding, strict=strict, prologue=False)
        primed.prime(renderer.prompt(role, thinking=thinking))
        primed.restrict(role)
        primed.stop_tokens = renderer.stops(role)
        known[key] = primed
    return TextOnly(primed)


def stream_text(parser: StreamParser, ids: Iterable[int]) -> Iterator[str]:
    """The text of ``content``, in pieces that are never empty.

    Reasoning is left out. In a format whose messages differ in channel or recipient, use
    `stream_events`, which distinguishes them.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> list(stream_text(tok.stream(), [13225, 11, 2375, 200265]))
    ['Hello', ',', ' world']

    Raises:
        ParseError: in a strict parse.
    """
    return parser.texts(ids)


def stream_events(parser: StreamParser, ids: Iterable[int]) -> Iterator[Event]:
    """The events; if the message is cut off, the last is a `MessageEnd` without a token.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> for event in stream_events(tok.stream(), [13225, 200265]):
    ...     print(event)
    MessageStart(index=0, role='assistant')
    ContentDelta(index=0, part='content', text='Hello')
    MessageEnd(index=0, message=Message(role='assistant', content='Hello'), token=200265)

    Raises:
        ParseError: in a strict parse.
    """
    return parser.events(ids)


async def astream_text(parser: StreamParser, ids: AsyncIterable[int]) -> AsyncIterator[str]:
    """`stream_text` for an async iterable of ids.

    >>> import asyncio, chatfmt
    >>> async def sampled():
    ...     for token in (13225, 11, 2375, 200265):
    ...         yield token
    >>> async def text():
    ...     tok = chatfmt.get_tokenizer("gpt-4o")
    ...     return [piece async for piece in astream_text(tok.stream(), sampled())]
    >>> asyncio.run(text())
    ['Hello', ',', ' world']
    """
    stops, feed = parser.stop_tokens, parser.feed_text
    async for given in ids:
        token = as_id(given)
        text = feed(token)
        if text:
            yield text
        if token in stops:
            return
    text = content_of(parser.close())
    if text:
        yield text


async def astream_events(parser: StreamParser, ids: AsyncIterable[int]) -> AsyncIterator[Event]:
    """`stream_events` for an async iterable of ids.

    >>> import asyncio, chatfmt
    >>> async def sampled():
    ...     yield 200265
    >>> async def events():
    ...     tok = chatfmt.get_tokenizer("gpt-4o")
    ...     return [event async for event in astream_events(tok.stream(), sampled())]
    >>> asyncio.run(events())[-1]
    MessageEnd(index=0, message=Message(role='assistant', content=''), token=200265)
    """
    stops, feed = parser.stop_tokens, parser.feed
    async for given in ids:
        token = as_id(given)
        for event in feed(token):
            yield event
        if token in stops:
            return
    for event in parser.close():
        yield event
