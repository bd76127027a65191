"""OpenAI's Responses API, for server.py. Requests are read like logs of this API.

An answer is remembered by its id, so that a request can continue it with
``previous_response_id``, and by its messages, so that a request can send all items again. Both ways
continue from the sampled ids.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from server_chats import (  # type: ignore[import-not-found]
    LONGEST,
    Asked,
    Chats,
    Latest,
    recorded,
)
from server_requests import (  # type: ignore[import-not-found]
    UNHEEDED,
    USUAL,
    BadRequestError,
    body_of,
    flag,
    member,
    number,
    only,
    refused,
)
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

import chatfmt
from chatfmt import serve
from chatfmt.adapters import read_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server_chats import Sampler
    from starlette.requests import Request


READ = frozenset(
    {
        "input",
        "instructions",
        "max_output_tokens",
        "previous_response_id",
        "reasoning",
        "stream",
        "text",
        "tools",
    }
)


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
        self._known: Latest[list[dict[str, Any]]] = Latest()

    async def create(self, request: Request) -> Response:
        """One response, whole or as events."""
        try:
            body = await body_of(request)
            asked = self._understood(body)
            chat = self._chats.find(asked)
            chat.prompt(thinking=asked.thinking)
        except (ValueError, BadRequestError) as error:  # chatfmt's errors are ValueErrors
            problem: Response = refused(error)
            return problem
        events = self._events(asked, chat, has_instructions=bool(body.get("instructions")))
        if not asked.stream:
            # sampling takes its time, and other requests are to be answered meanwhile
            [*_, last] = await run_in_threadpool(list, events)
            return JSONResponse(last["response"])
        lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return StreamingResponse(lines, media_type="text/event-stream")

    def _understood(self, body: dict[str, Any]) -> Asked:
        """The members of a request that this server knows; the others must not ask for anything."""
        if not (isinstance(body.get("input"), str | list) and body["input"]):
            raise BadRequestError("expected an object with an input that is not empty", "input")
        only(body, READ | UNHEEDED, {**USUAL, "store": True})
        layout = member(member(body, "text", dict, {}), "format", dict, {"type": "text"})
        if layout != {"type": "text"}:
            kind = layout.get("type")
            raise BadRequestError(f"this server writes text, and cannot keep to {kind!r}", "text")
        only(body.get("text") or {}, frozenset({"format"}), within="text.")
        effort = member(member(body, "reasoning", dict, {}), "effort", str, "")
        only(body.get("reasoning") or {}, frozenset({"effort"}), within="reasoning.")
        if effort not in ("", "none"):
            raise BadRequestError(
                f"reasoning.effort must be 'none' or missing, found {effort!r:.100}",
                "reasoning.effort",
            )
        before, known = member(body, "previous_response_id", str, ""), list[dict[str, Any]]()
        if body.get("previous_response_id") is not None:
            found = self._known.get(before)
            if found is None:
                reason = f"previous_response_id {before!r:.100} is not known, or was forgotten"
                raise BadRequestError(reason, "previous_response_id")
            known = found
        members = ("input", "tools", "previous_response_id")
        given = {key: body[key] for key in members if body.get(key)}
        tools = [dict(tool) for tool in _read(given).tools or ()]
        messages = [*known, *_messages(given)]
        instructions = member(body, "instructions", str, "")
        if instructions:
            messages = [{"role": "system", "content": instructions}, *messages]
        return Asked(
            messages=messages,
            tools=tools,
            stream=flag(body, "stream"),
            usage=True,
            n=1,
            most=number(body, "max_output_tokens", LONGEST),
            stops=[],
            thinking=False if effort else None,
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
        # instructions hold for one response
        self._known.keep(identifier, messages[has_instructions:])


def _read(row: dict[str, Any]) -> chatfmt.Conversation:
    """The items of a request or of a response; a DataError if one is wrong."""
    [conversation] = read_row({"object": "response", **row})
    assert isinstance(conversation, chatfmt.Conversation)  # noqa: S101 - there are no preferences
    return conversation


def _messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as messages of the chat API."""
    messages: list[dict[str, Any]] = _read(row).to_openai()["messages"]
    return messages
