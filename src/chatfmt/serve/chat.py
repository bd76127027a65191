"""Replies as chunks of OpenAI's chat-completions API: plain dicts, as ids are sampled.

Source: the OpenAI API reference, "The chat completion chunk object", at
https://platform.openai.com/docs/api-reference/chat; ``reasoning_content`` is DeepSeek's, see
https://api-docs.deepseek.com/guides/reasoning_model.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from chatfmt.serve.pieces import Arguments, CallStart, Text
from chatfmt.serve.replying import Reply, ReplyOptions, as_sampled_async
from chatfmt.wire.read.parser import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from typing import Unpack

    from chatfmt.serve.pieces import Piece
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.transcript import Transcript
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["ChunkOptions", "achat_chunks", "chat_chunks", "delta_of"]

_KEYS = {"content": "content", "reasoning": "reasoning_content"}


class _NoTexts(dict[int, str]):
    """No id stands for text alone."""

    def __missing__(self, _: int) -> str:
        return ""


_NO_TEXTS = _NoTexts()


class ChunkOptions(ReplyOptions, total=False):
    """Further arguments of `chat_chunks`; with ``prompt_tokens`` a last chunk has ``usage``.

    >>> ChunkOptions(model="mine", prompt_tokens=7)
    {'model': 'mine', 'prompt_tokens': 7}
    """

    index: int
    """Which choice; 0 by default."""


class _Chunks(Reply):
    """The chunks of one reply."""

    def __init__(
        self,
        source: ChatTokenizer | Transcript | StreamParser,
        tools: Iterable[Mapping[str, Any]] | None,
        thinking: bool | None,  # noqa: FBT001 - handed on
        options: ChunkOptions,
    ) -> None:
        super().__init__(source, tools, thinking, options)
        self.head = {
            "id": options.get("id", "chatcmpl-0"),
            "object": "chat.completion.chunk",
            "created": options.get("created", 0),
            "model": options.get("model", self.parser.binding.format.name),
            "choices": [],
        }
        self.choice = {"index": options.get("index", 0), "delta": {}, "finish_reason": None}
        self._prompt_tokens = options.get("prompt_tokens")

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {**self.choice, "delta": delta, "finish_reason": finish}
        return {**self.head, "choices": [choice]}

    def begin(self) -> Iterator[dict[str, Any]]:
        """The first chunk, which names the role."""
        yield self._chunk({"role": "assistant", "content": ""})

    def tell(self, pieces: Iterable[Piece]) -> Iterator[dict[str, Any]]:
        """A chunk for each piece that the API has a place for."""
        return (self._chunk(delta) for piece in pieces if (delta := delta_of(piece)) is not None)

    def last(self, *, stopped: bool) -> Iterator[dict[str, Any]]:
        """The last chunks: the finish reason, and the token counts if they were asked for."""
        yield self._chunk({}, finish_reason(stopped=stopped, has_calls=self.turn.has_calls))
        if self._prompt_tokens is not None:
            counts = {"prompt_tokens": self._prompt_tokens, "completion_tokens": self.sampled}
            counts["total_tokens"] = sum(counts.values())
            yield {**self.head, "choices": [], "usage": counts}

    def shortcut(self) -> tuple[Mapping[int, str], list[str], str | int]:
        """The texts of ids that are plain text, the list to append to, and the target field."""
        found = self.parser.shortcut
        goes_to = None if found is None else self.turn.goes_on_in(found)
        if found is None or goes_to is None:
            return _NO_TEXTS, [], ""
        key = goes_to if isinstance(goes_to, int) else _KEYS[goes_to]
        return found.texts, found.sink, key


def finish_reason(*, stopped: bool, has_calls: bool) -> str:
    """The finish reason of a reply."""
    return "length" if not stopped else "tool_calls" if has_calls else "stop"


def delta_of(piece: Piece) -> dict[str, Any] | None:
    """The delta for a piece; None if the API has no place for it."""
    match piece:
        case Text(field, text):
            return {_KEYS[field]: text}
        case CallStart(number, identifier, name):
            function = {"name": name, "arguments": ""}
            call = {"index": number, "id": identifier, "type": "function", "function": function}
            return {"tool_calls": [call]}
        case Arguments(number, text):
            return {"tool_calls": [{"index": number, "function": {"arguments": text}}]}
    return None


def chat_chunks(
    source: ChatTokenizer | Transcript | StreamParser,
    ids: Iterable[int | Sequence[int]],
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    thinking: bool | None = None,
    **options: Unpack[ChunkOptions],
) -> Iterator[dict[str, Any]]:
    """Turn ids into the chunks of a chat completion as they are sampled.

    Each chunk is given as soon as it is known, and no id is taken after the first stop token.
    Together, the chunks always make up `chat_message`, however the ids were sampled.

    Args:
        source: a tokenizer, if the ids were sampled after its prompt; a transcript, if they
            continue it (it is not changed); or a parser of either.
        ids: the sampled ids; a list among them holds ids that arrived together.
        tools: as in `ChatTokenizer.stream`, for a tokenizer.
        thinking: as in `ChatTokenizer.stream`, for a tokenizer.
        options: see `ChunkOptions`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> for chunk in chat_chunks(tok, [13225, 11, 200265]):
    ...     print(chunk["choices"][0]["delta"], chunk["choices"][0]["finish_reason"])
    {'role': 'assistant', 'content': ''} None
    {'content': 'Hello'} None
    {'content': ','} None
    {} stop

    Raises:
        ValueError: ``tools`` or ``thinking`` is given with a transcript or a parser.
    """
    return _quickly(_Chunks(source, tools, thinking, options), ids)


def _quickly(reply: _Chunks, ids: Iterable[int | Sequence[int]]) -> Iterator[dict[str, Any]]:
    """Do the same as `as_sampled`, without a call for each id."""
    yield from reply.begin()
    new_chunk, new_choice = reply.head.copy, reply.choice.copy  # faster than spelling them out
    each: Iterator[Any] = iter(ids)
    stopped = False
    for first in each:
        texts, sink, goes_to = reply.shortcut()
        for given in chain((first,), islice(each, FORGOTTEN)):
            if given.__class__ is int and (text := texts[given]):  # nearly all
                sink.append(text)
                chunk, choice = new_chunk(), new_choice()
                if goes_to.__class__ is str:
                    choice["delta"] = {goes_to: text}
                else:
                    call = {"index": goes_to, "function": {"arguments": text}}
                    choice["delta"] = {"tool_calls": [call]}
                chunk["choices"] = [choice]
                yield chunk
                continue
            told, stopped = reply.feed(given)
            yield from told
            if stopped:
                break
            texts, sink, goes_to = reply.shortcut()
        if stopped:
            break
        reply.forget()
    yield from reply.end(stopped=stopped)


def achat_chunks(
    source: ChatTokenizer | Transcript | StreamParser,
    ids: AsyncIterable[int | Sequence[int]],
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    thinking: bool | None = None,
    **options: Unpack[ChunkOptions],
) -> AsyncIterator[dict[str, Any]]:
    """`chat_chunks` for an async iterable of ids.

    >>> import asyncio, chatfmt
    >>> async def sampled():
    ...     yield 200265
    >>> async def chunks():
    ...     tok = chatfmt.get_tokenizer("gpt-4o")
    ...     return [chunk async for chunk in achat_chunks(tok, sampled())]
    >>> asyncio.run(chunks())[-1]["choices"][0]["finish_reason"]
    'stop'

    Raises:
        ValueError: as for `chat_chunks`.
    """
    return as_sampled_async(_Chunks(source, tools, thinking, options), ids)
