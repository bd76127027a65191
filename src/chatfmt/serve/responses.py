"""Replies as events of OpenAI's Responses API: plain dicts, as ids are sampled.

Source: the OpenAI API reference, "Responses" and "Streaming events", at
https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.serve.items import Items
from chatfmt.serve.replying import Reply, ReplyOptions, as_sampled, as_sampled_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from typing import Unpack

    from chatfmt.serve.pieces import Piece
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.transcript import Transcript
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["ResponseOptions", "aresponse_events", "response_events"]


class ResponseOptions(ReplyOptions, total=False):
    """Further arguments of `response_events`. The ids of items begin with the response's id.

    >>> ResponseOptions(model="mine", prompt_tokens=7)
    {'model': 'mine', 'prompt_tokens': 7}
    """


class _Response(Reply):
    """One response as it is sampled."""

    def __init__(
        self,
        source: ChatTokenizer | Transcript | StreamParser,
        tools: Iterable[Mapping[str, Any]] | None,
        thinking: bool | None,  # noqa: FBT001 - handed on
        options: ResponseOptions,
    ) -> None:
        super().__init__(source, tools, thinking, options)
        identifier = options.get("id", "resp_0")
        self._items = Items(identifier)
        self._prompt_tokens = options.get("prompt_tokens", 0)
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
            whole = self._whole("in_progress")
            yield self._numbered({"type": f"response.{name}", "response": whole})

    def tell(self, pieces: Iterable[Piece]) -> Iterator[dict[str, Any]]:
        """The events of some pieces."""
        return (self._numbered(event) for piece in pieces for event in self._items.take(piece))

    def last(self, *, stopped: bool) -> Iterator[dict[str, Any]]:
        """The last events, which complete the open item and the response."""
        yield from map(self._numbered, self._items.end(is_whole=stopped))
        usage = {
            "input_tokens": self._prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": self.sampled,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self._prompt_tokens + self.sampled,
        }
        status = "completed" if stopped else "incomplete"
        whole = {**self._whole(status), "usage": usage}
        if not stopped:
            whole["incomplete_details"] = {"reason": "max_output_tokens"}
        yield self._numbered({"type": f"response.{status}", "response": whole})

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
    """Turn ids into the events of a response as they are sampled; the last has the whole response.

    Reasoning becomes an item ``reasoning``, text an item ``message``, and each call an item
    ``function_call``; where reasoning and text alternate, there are several. Reasoning tokens and
    cached tokens are not counted.

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
    return as_sampled(_Response(source, tools, thinking, options), ids)


def aresponse_events(
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
    return as_sampled_async(_Response(source, tools, thinking, options), ids)
