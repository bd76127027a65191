"""Replies as items of OpenAI's Responses API, and the events that report them: plain dicts.

Source: the OpenAI API reference, "Responses" and "Streaming events", at
https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.serve.pieces import Arguments, CallStart, Text
from chatfmt.serve.whole import pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.conversation import Message
    from chatfmt.serve.pieces import Piece, Strays
    from chatfmt.transcript import Transcript

__all__ = ["Items", "response_output"]


class Items:
    """Turns pieces into items, and into the events that report them."""

    def __init__(self, identifier: str) -> None:
        self._id = identifier
        self.done: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None
        self._kind = ""
        self._texts: list[str] = []

    def take(self, piece: Piece) -> Iterator[dict[str, Any]]:
        """The events of a piece."""
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
        """Complete the open item, if there is one."""
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
        """An event about the open item."""
        identifier = "" if self._open is None else self._open["id"]
        place = {"item_id": identifier, "output_index": len(self.done)}
        place |= {"content_index": 0} if content else {}
        return {"type": f"response.{name}", **place}


def _part(name: str, text: str) -> dict[str, Any]:
    annotations: dict[str, Any] = {"annotations": []} if name == "output_text" else {}
    return {"type": name, "text": text, **annotations, **_more(name)}


def _more(name: str) -> dict[str, Any]:
    """Further keys of events and parts that hold text."""
    return {"logprobs": []} if name == "output_text" else {}


def response_output(
    source: Transcript | Message | Sequence[Message],
    *,
    stray: Strays = "content",
    whole_calls: bool = False,
    first_call: int | None = None,
    id: str = "resp_0",
) -> list[dict[str, Any]]:
    """A reply as the items of a response, as in the last event of `response_events`.

    Args:
        source: as in `chat_message`.
        stray: as in `ReplyOptions`.
        whole_calls: as in `ReplyOptions`.
        first_call: as in `ReplyOptions`.
        id: the id of the response.

    >>> from chatfmt import Message
    >>> [item["type"] for item in response_output(Message(role="assistant", reasoning="2+2",
    ...                                                   content="4"))]
    ['reasoning', 'message']

    Raises:
        ValueError: as for `chat_message`.
    """
    pieces, is_cut = pieces_of(source, stray=stray, whole_calls=whole_calls, first_call=first_call)
    items = Items(id)
    for piece in pieces:
        for _ in items.take(piece):
            pass
    for _ in items.end(is_whole=not is_cut):
        pass
    return items.done
