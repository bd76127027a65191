"""OpenAI's Responses API, for server.py. Requests are read like logs of this API.

An answer is remembered by its id, so that a request can continue it with
``previous_response_id``, and by its messages, so that a request can send all items again. Both ways
continue from the sampled ids.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from server_chats import (  # type: ignore[import-not-found]
    KEPT,
    LONGEST,
    Asked,
    BadRequestError,
    Chats,
    recorded,
    refused,
)
from starlette.responses import JSONResponse, Response, StreamingResponse

import chatfmt
from chatfmt import serve
from chatfmt.adapters import read_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server_chats import Sampler
    from starlette.requests import Request


class Responses:
    """Answers requests.

    Args:
        tok: format and encoding of the model.
        sample: a function from prompt ids to sampled ids, as they come.
        chats: the known transcripts.
    """

    def __init__(self, tok: chatfmt.ChatTokenizer, sample: Sampler, chats: Chats) -> None:
        self._tok = tok
        self._sample = sample
        self._chats = chats
        self._known: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()

    async def create(self, request: Request) -> Response:
        """One response, whole or as events."""
        try:
            body = await request.json()
            asked = self._understood(body)
            chat = self._chats.find(asked)
            chat.prompt(thinking=asked.thinking)
        except (ValueError, BadRequestError) as error:  # chatfmt's errors are ValueErrors
            problem: Response = refused(error)
            return problem
        events = self._events(asked, chat, has_instructions=bool(body.get("instructions")))
        if not asked.stream:
            [*_, last] = events
            return JSONResponse(last["response"])
        lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return StreamingResponse(lines, media_type="text/event-stream")

    def _understood(self, body: Any) -> Asked:  # noqa: ANN401 - JSON
        """The members of a request that this server knows."""
        if not (isinstance(body, dict) and body.get("input")):
            raise BadRequestError("expected an object with an input that is not empty")
        most = body.get("max_output_tokens") or LONGEST
        if not (isinstance(most, int) and most >= 1):
            raise BadRequestError(f"max_output_tokens must be at least 1, found {most!r}")
        layout = ((body.get("text") or {}).get("format") or {}).get("type", "text")
        if layout != "text":
            raise BadRequestError(f"this server writes text, and cannot keep to {layout!r}")
        before = body.get("previous_response_id")
        if before is not None and before not in self._known:
            raise BadRequestError(f"previous_response_id {before!r} is not known, or was forgotten")
        given = {key: body[key] for key in ("input", "tools") if body.get(key)}
        tools = [dict(tool) for tool in _read(given).tools or ()]
        messages = [*(self._known[before] if before else ()), *_messages(given)]
        if body.get("instructions"):
            messages = [{"role": "system", "content": body["instructions"]}, *messages]
        effort = (body.get("reasoning") or {}).get("effort")
        return Asked(
            messages=messages,
            tools=tools,
            stream=bool(body.get("stream")),
            usage=True,
            n=1,
            most=most,
            stops=[],
            thinking=False if effort == "none" else None,
        )

    def _events(
        self, asked: Asked, chat: chatfmt.Transcript, *, has_instructions: bool
    ) -> Iterator[dict[str, Any]]:
        identifier, ids = f"resp_{uuid.uuid4().hex}", list[int]()
        event: dict[str, Any] = {}
        for event in serve.response_events(
            chat,
            recorded(self._sample, chat.ids, asked.most, ids),
            whole_calls=not asked.stream,
            prompt_tokens=len(chat.ids),
            id=identifier,
            created=int(time.time()),
        ):
            yield event
        chat.append_completion(ids)
        output = event["response"]["output"]
        answer = _messages({"output": output}) if output else []
        messages = [*asked.messages, *(answer or [{"role": "assistant", "content": ""}])]
        self._chats.keep(asked._replace(messages=messages[:-1]), messages[-1], chat)
        self._known[identifier] = messages[has_instructions:]  # instructions hold for one response
        while len(self._known) > KEPT:
            self._known.popitem(last=False)


def _read(row: dict[str, Any]) -> chatfmt.Conversation:
    """The items of a request or of a response; a DataError if one is wrong."""
    [conversation] = read_row({"object": "response", **row})
    assert isinstance(conversation, chatfmt.Conversation)  # noqa: S101 - there are no preferences
    return conversation


def _messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as messages of the chat API."""
    messages: list[dict[str, Any]] = _read(row).to_openai()["messages"]
    return messages
