"""Replies in the shapes of OpenAI's Responses API: events and items, plain dicts.

Source: the OpenAI API reference, "Responses" and "Streaming events", at
https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from chatfmt.serve.pieces import Arguments, CallStart, Text, Turn
from chatfmt.serve.sources import events_of, parser_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from typing import Unpack

    from chatfmt.conversation import Message
    from chatfmt.serve.pieces import Piece, Strays
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.transcript import Transcript
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["ResponseOptions", "aresponse_events", "response_events", "response_output"]


class ResponseOptions(TypedDict, total=False):
    """Further arguments of `response_events`.

    >>> ResponseOptions(model="mine", prompt_tokens=7)
    {'model': 'mine', 'prompt_tokens': 7}
    """

    stray: Strays
    """As in `ChunkOptions`; so are ``whole_calls`` and ``first_call``."""
    whole_calls: bool
    first_call: int
    id: str
    """Of the response; those of its items are made of it."""
    model: str
    """By default the name of the format."""
    created: int
    prompt_tokens: int
    """For ``usage``; 0 by default."""


class _Items:
    """Pieces to items, and to the events that tell of them."""

    def __init__(self, identifier: str) -> None:
        self._id = identifier
        self.done: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None
        self._kind = ""
        self._texts: list[str] = []

    def take(self, piece: Piece) -> Iterator[dict[str, Any]]:
        match piece:
            case Text(field, text):
                if self._kind != field:
                    yield from self.end()
                    yield from self._begin_text(field)
                self._texts.append(text)
                name = "output_text" if field == "content" else "reasoning_text"
                yield {**self._at(f"{name}.delta", content=True), "delta": text, **_more(name)}
            case CallStart(_, identifier, name):
                yield from self.end()
                call = {"type": "function_call", "call_id": identifier, "name": name}
                yield from self._begin("call", "fc", {**call, "arguments": ""})
            case Arguments(_, text):
                self._texts.append(text)
                yield {**self._at("function_call_arguments.delta"), "delta": text}
            case _:
                yield from self.end(is_whole=piece.is_whole)

    def end(self, *, is_whole: bool = True) -> Iterator[dict[str, Any]]:
        """The item that is open is over, if one is."""
        if self._open is None:
            return
        item, text = self._open, "".join(self._texts)
        if self._kind == "call":
            item["arguments"] = text
            whole = {"name": item["name"], "arguments": text}
            yield {**self._at("function_call_arguments.done"), **whole}
        else:
            name = "output_text" if self._kind == "content" else "reasoning_text"
            part = _part(name, text)
            item["content"] = [part]
            yield {**self._at(f"{name}.done", content=True), "text": text, **_more(name)}
            yield {**self._at("content_part.done", content=True), "part": part}
        item["status"] = "completed" if is_whole else "incomplete"
        yield self._told("output_item.done", item)
        self.done.append(item)
        self._open, self._kind, self._texts = None, "", []

    def _begin_text(self, field: str) -> Iterator[dict[str, Any]]:
        if field == "content":
            item = {"type": "message", "role": "assistant", "content": []}
            yield from self._begin(field, "msg", item)
        else:
            yield from self._begin(field, "rs", {"type": "reasoning", "summary": [], "content": []})
        name = "output_text" if field == "content" else "reasoning_text"
        yield {**self._at("content_part.added", content=True), "part": _part(name, "")}

    def _begin(self, kind: str, prefix: str, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
        identifier = f"{prefix}_{self._id}_{len(self.done)}"
        self._open = {"id": identifier, "status": "in_progress", **item}
        self._kind = kind
        yield self._told("output_item.added", {**self._open})

    def _told(self, name: str, item: dict[str, Any]) -> dict[str, Any]:
        return {"type": f"response.{name}", "output_index": len(self.done), "item": item}

    def _at(self, name: str, *, content: bool = False) -> dict[str, Any]:
        """An event that tells of the item that is open."""
        identifier = "" if self._open is None else self._open["id"]
        place = {"item_id": identifier, "output_index": len(self.done)}
        place |= {"content_index": 0} if content else {}
        return {"type": f"response.{name}", **place}


def _part(name: str, text: str) -> dict[str, Any]:
    annotations: dict[str, Any] = {"annotations": []} if name == "output_text" else {}
    return {"type": name, "text": text, **annotations, **_more(name)}


def _more(name: str) -> dict[str, Any]:
    """What events and parts with text have besides."""
    return {"logprobs": []} if name == "output_text" else {}


class _Response:
    """One response as it comes."""

    def __init__(
        self,
        source: ChatTokenizer | Transcript | StreamParser,
        tools: Iterable[Mapping[str, Any]] | None,
        thinking: bool | None,  # noqa: FBT001 - handed on
        **options: Unpack[ResponseOptions],
    ) -> None:
        listed = None if tools is None else [*tools]
        self.parser, before = parser_for(source, listed, thinking)
        self.turn = Turn(
            stray=options.get("stray", "content"),
            whole_calls=options.get("whole_calls", False),
            first_call=options.get("first_call", before),
        )
        identifier = options.get("id", "resp_0")
        self._items = _Items(identifier)
        self._prompt_tokens = options.get("prompt_tokens", 0)
        self._start = self.parser.position
        self._number = 0
        self._head = {
            "id": identifier,
            "object": "response",
            "created_at": options.get("created", 0),
            "model": options.get("model", self.parser.binding.format.name),
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": True,
            "temperature": None,
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
        }

    def begin(self) -> Iterator[dict[str, Any]]:
        """The first two events."""
        for name in ("created", "in_progress"):
            yield self._numbered(
                {"type": f"response.{name}", "response": self._whole("in_progress")}
            )

    def feed(self, given: int | Sequence[int]) -> tuple[list[dict[str, Any]], bool]:
        """The events of what was sampled, and whether it has stopped."""
        events, stopped = self.parser.feed_some(given)
        return self._told(self.turn.take(events)), stopped

    def end(self, *, stopped: bool) -> list[dict[str, Any]]:
        """The last events."""
        pieces = [] if stopped else self.turn.take(self.parser.close(), closing=True)
        told = self._told(pieces)
        told += map(self._numbered, self._items.end(is_whole=stopped))
        sampled = self.parser.position - self._start
        usage = {
            "input_tokens": self._prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": sampled,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self._prompt_tokens + sampled,
        }
        status = "completed" if stopped else "incomplete"
        whole = {**self._whole(status), "usage": usage}
        if not stopped:
            whole["incomplete_details"] = {"reason": "max_output_tokens"}
        return [*told, self._numbered({"type": f"response.{status}", "response": whole})]

    def _told(self, pieces: Iterable[Piece]) -> list[dict[str, Any]]:
        return [self._numbered(event) for piece in pieces for event in self._items.take(piece)]

    def _numbered(self, event: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        return {**event, "sequence_number": self._number - 1}

    def _whole(self, status: str) -> dict[str, Any]:
        return {**self._head, "status": status, "output": [*self._items.done]}


def response_events(
    source: ChatTokenizer | Transcript | StreamParser,
    ids: Iterable[int | Sequence[int]],
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    thinking: bool | None = None,
    **options: Unpack[ResponseOptions],
) -> Iterator[dict[str, Any]]:
    """Sampled ids, as they come, to the events of a response; the last has the whole response.

    Thoughts are an item ``reasoning``, text is an item ``message``, and each call is an item
    ``function_call``; where thoughts and text take turns, there are several. Numbers of reasoning
    and of cached tokens are not counted.

    Args:
        source: as in `chat_chunks`.
        ids: as in `chat_chunks`.
        tools: as in `chat_chunks`.
        thinking: as in `chat_chunks`.
        options: see `ResponseOptions`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> events = [*response_events(tok, [13225, 200265])]
    >>> [event["type"].removeprefix("response.") for event in events]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['created', 'in_progress', 'output_item.added', 'content_part.added', 'output_text.delta',
     'output_text.done', 'content_part.done', 'output_item.done', 'completed']
    >>> events[-1]["response"]["output"][0]["content"][0]["text"]
    'Hello'

    Raises:
        ValueError: as for `chat_chunks`.
    """
    return _events(_Response(source, tools, thinking, **options), ids)


def _events(response: _Response, ids: Iterable[int | Sequence[int]]) -> Iterator[dict[str, Any]]:
    yield from response.begin()
    stopped = False
    for given in ids:
        events, stopped = response.feed(given)
        yield from events
        if stopped:
            break
    yield from response.end(stopped=stopped)


async def aresponse_events(
    source: ChatTokenizer | Transcript | StreamParser,
    ids: AsyncIterable[int | Sequence[int]],
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    thinking: bool | None = None,
    **options: Unpack[ResponseOptions],
) -> AsyncIterator[dict[str, Any]]:
    """`response_events` for an async iterable of ids.

    >>> import asyncio, chatfmt
    >>> async def sampled():
    ...     yield 200265
    >>> async def events():
    ...     tok = chatfmt.get_tokenizer("gpt-4o")
    ...     return [event async for event in aresponse_events(tok, sampled())]
    >>> asyncio.run(events())[-1]["type"]
    'response.completed'

    Raises:
        ValueError: as for `chat_chunks`.
    """
    response = _Response(source, tools, thinking, **options)
    for event in response.begin():
        yield event
    stopped = False
    async for given in ids:
        events, stopped = response.feed(given)
        for event in events:
            yield event
        if stopped:
            break
    for event in response.end(stopped=stopped):
        yield event


def response_output(
    source: Transcript | Message | Sequence[Message],
    *,
    stray: Strays = "content",
    whole_calls: bool = False,
    first_call: int | None = None,
    id: str = "resp_0",
) -> list[dict[str, Any]]:
    """A reply as the items of a response: what `response_events` ends with.

    Args:
        source: as in `chat_message`.
        stray: as in `ChunkOptions`.
        whole_calls: see there.
        first_call: see there.
        id: of the response.

    >>> from chatfmt import Message
    >>> [item["type"] for item in response_output(Message(role="assistant", reasoning="2+2",
    ...                                                   content="4"))]
    ['reasoning', 'message']

    Raises:
        ValueError: as for `chat_message`.
    """
    events, cut_off, before = events_of(source)
    number = before if first_call is None else first_call
    turn, items = Turn(stray=stray, whole_calls=whole_calls, first_call=number), _Items(id)
    for piece in [*turn.take(events), *turn.take(cut_off, closing=True)]:
        for _ in items.take(piece):
            pass
    for _ in items.end(is_whole=not cut_off):
        pass
    return items.done
