"""Replies in the shapes of OpenAI's chat-completions API: plain dicts.

Source: the OpenAI API reference, "The chat completion chunk object" and "The chat completion
object", at https://platform.openai.com/docs/api-reference/chat; ``reasoning_content`` is
DeepSeek's, see https://api-docs.deepseek.com/guides/reasoning_model.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from chatfmt.serve.pieces import Arguments, CallStart, Text, Turn
from chatfmt.serve.sources import events_of, parser_for
from chatfmt.wire.read.parser import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from typing import Unpack

    from chatfmt.conversation import Message
    from chatfmt.serve.pieces import Piece, Strays
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.transcript import Transcript
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["ChunkOptions", "achat_chunks", "chat_chunks", "chat_completion", "chat_message"]

_KEYS = {"content": "content", "reasoning": "reasoning_content"}
_OBJECT = "chat.completion.chunk"


class _NoTexts(dict[int, str]):
    """No id is just text."""

    def __missing__(self, _: int) -> str:
        return ""


_NO_TEXTS = _NoTexts()


class _Head(NamedTuple):
    """What all chunks of a reply have in common."""

    id: str
    created: int
    model: str
    choice: int

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": self.choice, "delta": delta, "finish_reason": finish}
        return {**self._members(), "choices": [choice]}

    def usage(self, prompt: int, sampled: int) -> dict[str, Any]:
        counts = {"prompt_tokens": prompt, "completion_tokens": sampled}
        counts["total_tokens"] = prompt + sampled
        return {**self._members(), "choices": [], "usage": counts}

    def _members(self) -> dict[str, Any]:
        members = {"id": self.id, "object": _OBJECT, "created": self.created}
        return {**members, "model": self.model}


class ChunkOptions(TypedDict, total=False):
    """Further arguments of `chat_chunks`.

    >>> ChunkOptions(model="mine", prompt_tokens=7)
    {'model': 'mine', 'prompt_tokens': 7}
    """

    stray: Strays
    """What becomes of text that has no place; by default it is content. See `Strays`."""
    whole_calls: bool
    """Give each call at once, when it is complete. Otherwise, and by default, its arguments come as
    they are sampled; if it is cut off then, or turns out to be no call, it stays in the reply as
    far as it went."""
    first_call: int
    """Calls whose format writes no ids get ``call_0`` and so on: the number of the first. By
    default how many calls a transcript has, and 0 for a tokenizer or a parser."""
    index: int
    """Which choice; 0 by default."""
    id: str
    model: str
    """By default the name of the format."""
    created: int
    prompt_tokens: int
    """If given, there is a last chunk with ``usage``."""


class _Chunks:
    """The chunks of one reply."""

    def __init__(
        self,
        source: ChatTokenizer | Transcript | StreamParser,
        tools: Iterable[Mapping[str, Any]] | None,
        thinking: bool | None,  # noqa: FBT001 - handed on
        **options: Unpack[ChunkOptions],
    ) -> None:
        self.parser, before = parser_for(source, tools, thinking)
        self.keep = self.parser is source  # its owner may look at what it has read
        self.turn = Turn(
            stray=options.get("stray", "content"),
            whole_calls=options.get("whole_calls", False),
            first_call=options.get("first_call", before),
        )
        self.head = _Head(
            options.get("id", "chatcmpl-0"),
            options.get("created", 0),
            options.get("model", self.parser.binding.format.name),
            options.get("index", 0),
        )
        self._prompt_tokens = options.get("prompt_tokens")
        self._start = self.parser.position

    def begin(self) -> dict[str, Any]:
        """The first chunk: who speaks."""
        return self.head.chunk({"role": "assistant", "content": ""})

    def take(self, events: Iterable[Event], *, closing: bool = False) -> Iterator[dict[str, Any]]:
        """The chunks of some events."""
        for piece in self.turn.take(events, closing=closing):
            if (delta := _delta(piece)) is not None:
                yield self.head.chunk(delta)

    def shortcut(self) -> tuple[Mapping[int, str], list[str], str | int]:
        """What is the text of an id that is just that; where to append it; to what it goes."""
        found = self.parser.shortcut
        goes_to = None if found is None else self.turn.goes_on_in(found)
        if found is None or goes_to is None:
            return _NO_TEXTS, [], ""
        key = goes_to if isinstance(goes_to, int) else _KEYS[goes_to]
        return found.texts, found.sink, key

    def forget(self) -> None:
        """Let go of what has been read, unless the parser is somebody's."""
        if not self.keep:
            self.parser.forget()

    def end(self, *, stopped: bool) -> Iterator[dict[str, Any]]:
        """The last chunks: why it ends, and how many ids there were if that is wanted."""
        if not stopped:
            yield from self.take(self.parser.close(), closing=True)
        reason = "length" if not stopped else "tool_calls" if self.turn.has_calls else "stop"
        yield self.head.chunk({}, reason)
        if self._prompt_tokens is not None:
            yield self.head.usage(self._prompt_tokens, self.parser.position - self._start)


def _delta(piece: Piece) -> dict[str, Any] | None:
    """What a chunk says of a piece; None: nothing."""
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
    """Sampled ids, as they come, to the chunks of a chat completion.

    A chunk comes as soon as it is known, and no id is taken after the first stop token. Put
    together, the chunks are `chat_message`, however the ids were sampled.

    Args:
        source: a tokenizer, after whose prompt the ids were sampled; a transcript, in which they
            are sampled next and which is left alone; or a parser of one of these.
        ids: what is sampled; lists among them are ids that come together, in one chunk.
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
        ValueError: ``tools`` or ``thinking`` is given for what was made with them.
    """
    return _chunks(_Chunks(source, tools, thinking, **options), ids)


def _chunks(reply: _Chunks, ids: Iterable[int | Sequence[int]]) -> Iterator[dict[str, Any]]:
    yield reply.begin()
    identifier, created, model, choice = reply.head
    each: Iterator[Any] = iter(ids)
    stopped = False
    for first in each:
        texts, sink, goes_to = reply.shortcut()
        for given in chain((first,), islice(each, FORGOTTEN)):
            if given.__class__ is int and (text := texts[given]):  # nearly all
                sink.append(text)
                delta: dict[str, Any]
                if goes_to.__class__ is str:
                    delta = {goes_to: text}
                else:
                    delta = {"tool_calls": [{"index": goes_to, "function": {"arguments": text}}]}
                yield {  # what `_Head.chunk` gives
                    "id": identifier,
                    "object": _OBJECT,
                    "created": created,
                    "model": model,
                    "choices": [{"index": choice, "delta": delta, "finish_reason": None}],
                }
                continue
            events, stopped = reply.parser.feed_some(given)
            yield from reply.take(events)
            if stopped:
                break
            texts, sink, goes_to = reply.shortcut()
        if stopped:
            break
        reply.forget()
    yield from reply.end(stopped=stopped)


async def achat_chunks(
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
    reply = _Chunks(source, tools, thinking, **options)
    yield reply.begin()
    stopped, count = False, 0
    async for given in ids:
        events, stopped = reply.parser.feed_some(given)
        for chunk in reply.take(events):
            yield chunk
        if stopped:
            break
        count += 1
        if count % FORGOTTEN == 0:
            reply.forget()
    for chunk in reply.end(stopped=stopped):
        yield chunk


def chat_message(
    source: Transcript | Message | Sequence[Message],
    *,
    stray: Strays = "content",
    whole_calls: bool = False,
    first_call: int | None = None,
) -> dict[str, Any]:
    """A reply as the message of a chat completion: what its chunks are together.

    ``content`` is None where there are calls and no text; ``reasoning_content`` and ``tool_calls``
    are there only if there are any.

    Args:
        source: a transcript that ends with a reply; a message; or the messages of one reply, such
            as those of a `Completion`. Messages alone do not have what is stray in them.
        stray: as in `ChunkOptions`.
        whole_calls: see there.
        first_call: see there.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> _ = chat.append_completion([13225, 200265])
    >>> chat_message(chat)
    {'role': 'assistant', 'content': 'Hello'}

    Raises:
        ValueError: the transcript does not end with a reply, or there is no message.
    """
    events, cut_off, before = events_of(source)
    number = before if first_call is None else first_call
    turn = Turn(stray=stray, whole_calls=whole_calls, first_call=number)
    return _put_together(map(_delta, [*turn.take(events), *turn.take(cut_off, closing=True)]))


def chat_completion(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Chunks as the whole chat completion; those of several choices may come in any order.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat_completion(chat_chunks(tok, [13225, 200265]))["choices"]
    [{'index': 0, 'message': {'role': 'assistant', 'content': 'Hello'}, 'finish_reason': 'stop'}]
    """
    whole: dict[str, Any] = {"choices": []}
    deltas: dict[int, list[dict[str, Any]]] = {}
    reasons: dict[int, str | None] = {}
    for chunk in chunks:
        whole |= {name: value for name, value in chunk.items() if name != "choices"}
        for choice in chunk["choices"]:
            deltas.setdefault(choice["index"], []).append(choice["delta"])
            reasons[choice["index"]] = choice["finish_reason"]
    whole["choices"] = [
        {"index": at, "message": _put_together(deltas[at]), "finish_reason": reasons[at]}
        for at in sorted(deltas)
    ]
    return {**whole, "object": "chat.completion"}


def _put_together(deltas: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    texts: dict[str, list[str]] = {"content": [], "reasoning_content": []}
    calls: dict[int, tuple[Mapping[str, Any], list[str]]] = {}
    for delta in deltas:
        for key, value in (delta or {}).items():
            if key in texts:
                texts[key].append(value)
        for call in (delta or {}).get("tool_calls", ()):
            _, arguments = calls.setdefault(call["index"], (call, []))
            arguments.append(call["function"]["arguments"])
    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts["content"])}
    if thoughts := "".join(texts["reasoning_content"]):
        message["reasoning_content"] = thoughts
    if calls:
        message["content"] = message["content"] or None
        message["tool_calls"] = [_call(*calls[at]) for at in sorted(calls)]
    return message


def _call(first: Mapping[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
    function = {"name": first["function"]["name"], "arguments": "".join(arguments)}
    return {"id": first["id"], "type": "function", "function": function}
