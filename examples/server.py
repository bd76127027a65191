"""A server with OpenAI's chat-completions and Responses APIs over any sampler of ids.

    $ pip install 'chatfmt[web]' openai
    $ python examples/server.py

A sampler takes the ids of a prompt and yields sampled ids; here `Echo` of chat_loop.py stands in
for a model. The server keeps a transcript for each conversation. If a request continues a
conversation with the answers that the server gave, its prompt begins with exactly the ids that the
model read and sampled before, and nothing is encoded twice. A request for something that the server
cannot do is refused. The checks of requests are in server_requests.py, the transcripts in
server_chats.py, and the Responses API in server_responses.py.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import uvicorn
from chat_loop import Echo  # type: ignore[import-not-found]
from server_chats import (  # type: ignore[import-not-found]
    LONGEST,
    Asked,
    Chats,
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
from server_responses import Responses  # type: ignore[import-not-found]
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import chatfmt
from chatfmt import serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from server_chats import Sampler
    from starlette.requests import Request


READ = frozenset(
    {
        "chat_template_kwargs",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "n",
        "stop",
        "stream",
        "stream_options",
        "tools",
    }
)


def understood(body: dict[str, Any]) -> Asked:
    """The members of a request that this server knows; the others must not ask for anything."""
    messages = body.get("messages")
    if not (isinstance(messages, list) and messages):
        raise BadRequestError(
            "expected an object with a list of messages that is not empty", "messages"
        )
    for at, message in enumerate(messages):
        if not isinstance(message, dict):
            raise BadRequestError(f"messages[{at}] must be an object", f"messages[{at}]")
    only(body, READ | UNHEEDED, {**USUAL, "store": False})
    stops = body.get("stop") or []
    stops = [stops] if isinstance(stops, str) else stops
    if not (isinstance(stops, list) and all(isinstance(stop, str) and stop for stop in stops)):
        raise BadRequestError(
            f"stop must be texts that are not empty, found {stops!r:.100}", "stop"
        )
    if body.get("logprobs"):
        raise BadRequestError("this server gives no logprobs", "logprobs")
    template = member(body, "chat_template_kwargs", dict, {})
    only(template, frozenset({"enable_thinking"}), within="chat_template_kwargs.")
    options = member(body, "stream_options", dict, {})
    only(options, frozenset({"include_usage"}), within="stream_options.")
    longest = number(body, "max_tokens", LONGEST)
    return Asked(
        messages=messages,
        tools=member(body, "tools", list, []),
        stream=flag(body, "stream"),
        usage=flag(options, "include_usage"),
        n=number(body, "n", 1, most=128),
        most=number(body, "max_completion_tokens", longest),
        stops=stops,
        thinking=template.get("enable_thinking"),
    )


class StopStrings:
    """Cuts text that comes in chunks where a stop string begins, and says when it has done so."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held = ""
        self.found = False

    def take(self, text: str) -> str:
        """The text that can be shown now."""
        text = self._held + text
        at = min((at for stop in self._stops if (at := text.find(stop)) >= 0), default=None)
        if at is not None:
            self.found, self._held = True, ""
            return text[:at]
        begun = (n for n in range(len(text)) if any(s.startswith(text[n:]) for s in self._stops))
        at = next(begun, len(text))
        self._held = text[at:]
        return text[:at]

    def end(self) -> str:
        """The text that was held back, now that nothing follows."""
        text, self._held = self._held, ""
        return text


def stopped_at(chunks: Iterable[dict[str, Any]], stops: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The chunks of one answer, up to a stop string in its content."""
    if not stops:
        yield from chunks
        return
    text = StopStrings(stops)
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            if delta.get("content"):
                delta["content"] = text.take(delta["content"])
            if text.found:
                choice["finish_reason"] = "stop"
            elif choice["finish_reason"] and (rest := text.end()):
                delta["content"] = rest
        yield chunk
        if text.found:
            return


class Server:
    """Answers requests.

    Args:
        tok: format and encoding of the model.
        sample: a function from prompt ids to sampled ids, as they come.
        values: the values that the preparation of the format needs, such as a date.
    """

    def __init__(
        self, tok: chatfmt.ChatTokenizer, sample: Sampler, values: dict[str, str] | None = None
    ) -> None:
        self.tok = tok
        self.sample = sample
        self.chats = Chats(tok, values or {})
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/v1/responses", Responses(tok, sample, self.chats).create, methods=["POST"]),
                Route("/v1/models", self.models),
            ]
        )

    async def models(self, _: Request) -> Response:
        """The one model."""
        model = {"id": self.tok.format.name, "object": "model", "created": 0, "owned_by": "you"}
        return JSONResponse({"object": "list", "data": [model]})

    async def complete(self, request: Request) -> Response:
        """One chat completion, whole or in chunks."""
        try:
            asked = understood(await body_of(request))
            chat = self.chats.find(asked)
            chat.prompt(thinking=asked.thinking)
        except (ValueError, BadRequestError) as error:  # chatfmt's errors are ValueErrors
            problem: Response = refused(error)
            return problem
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time())}
        chunks = self._answers(asked, chat, head)
        if not asked.stream:
            # sampling takes its time, and other requests are to be answered meanwhile
            return JSONResponse(await run_in_threadpool(serve.chat_completion, chunks))
        shown = (chunk for chunk in chunks if asked.usage or chunk["choices"])
        lines = (f"data: {json.dumps(chunk)}\n\n" for chunk in shown)
        return StreamingResponse(_then_done(lines), media_type="text/event-stream")

    def _answers(
        self, asked: Asked, chat: chatfmt.Transcript, head: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """The chunks of all answers, one answer after the other, and then the usage."""
        sampled = 0
        for index in range(asked.n):
            branch = chat.copy()
            ids: list[int] = []
            chunks = serve.chat_chunks(
                branch,
                recorded(self.sample, branch.ids, asked.most, ids),
                whole_calls=not asked.stream,
                index=index,
                **head,
            )
            answer: list[dict[str, Any]] = []
            for chunk in stopped_at(chunks, asked.stops):
                answer.append(chunk)
                yield chunk
            branch.append_completion(ids)
            sampled += len(ids)
            message = serve.chat_completion(answer)["choices"][0]["message"]
            self.chats.keep(asked, message, branch)
        usage = {"prompt_tokens": len(chat.ids), "completion_tokens": sampled}
        usage["total_tokens"] = sum(usage.values())
        common = {"object": "chat.completion.chunk", "model": self.tok.format.name}
        yield {**head, **common, "choices": [], "usage": usage}


def _then_done(lines: Iterable[str]) -> Iterator[str]:
    yield from lines
    yield "data: [DONE]\n\n"


def main() -> None:
    """Serve on port 8000."""
    tok = chatfmt.get_tokenizer("gpt-4o")
    echo = Echo(tok)
    uvicorn.run(Server(tok, lambda prompt: (token for token, _ in echo(prompt))).app)


if __name__ == "__main__":
    main()
