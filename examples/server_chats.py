"""The parts that both APIs of server.py share: requests, and transcripts that can continue."""

from __future__ import annotations

import json
from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import chatfmt

Sampler: TypeAlias = "Callable[[Sequence[int]], Iterable[int]]"

LONGEST = 4096
"""The most ids of one answer, if a request sets no limit."""
KEPT = 1000
"""How many transcripts are remembered."""


class Asked(NamedTuple):
    """The members of a request that the server uses."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    stream: bool
    usage: bool
    n: int
    most: int
    stops: list[str]
    thinking: bool | None


class BadRequestError(Exception):
    """A fault of a request."""


def refused(error: Exception) -> JSONResponse:
    """The answer to a faulty request."""
    problem = {"message": str(error), "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": problem}, 400)


def recorded(sample: Sampler, prompt: Sequence[int], most: int, ids: list[int]) -> Iterator[int]:
    """The ids as they are sampled; each one that is taken is also added to the list."""
    for token in islice(sample(prompt), most):
        ids.append(token)
        yield token


class Chats:
    """The transcripts of conversations, found by the messages that a client sends."""

    def __init__(self, tok: chatfmt.ChatTokenizer, values: dict[str, str]) -> None:
        self._tok = tok
        self._values = values
        self._known: OrderedDict[str, chatfmt.Transcript] = OrderedDict()

    def find(self, asked: Asked) -> chatfmt.Transcript:
        """A new transcript of these messages; it begins with the ids of a known one, if any."""
        for count in range(len(asked.messages), 0, -1):
            known = self._known.get(_key(asked, asked.messages[:count]))
            if known is not None:
                self._known.move_to_end(_key(asked, asked.messages[:count]))
                chat = known.copy()
                chat.append(*self._new(asked, count))
                return chat
        return self._tok.render(self._prepared(asked))

    def keep(self, asked: Asked, answer: dict[str, Any], chat: chatfmt.Transcript) -> None:
        """Remember a transcript by its messages, including the answer."""
        self._known[_key(asked, [*asked.messages, answer])] = chat
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    def _prepared(self, asked: Asked) -> chatfmt.Prepared:
        return self._tok.prepare(
            asked.messages,
            tools=asked.tools or None,
            values=self._values,
            history="keep",
            thinking=asked.thinking,
        )

    def _new(self, asked: Asked, count: int) -> list[chatfmt.Message]:
        """The messages after the first ``count`` when all are prepared together."""
        before = self._prepared(asked._replace(messages=asked.messages[:count]))
        return [*self._prepared(asked).messages[len(before.messages) :]]


def _key(asked: Asked, messages: Sequence[dict[str, Any]]) -> str:
    """The data that requests of one conversation share.

    Members that are null or empty do not matter, and not all clients send thoughts back.
    """
    kept = [
        {k: v for k, v in message.items() if v not in (None, [], "") and k != "reasoning_content"}
        for message in messages
    ]
    return json.dumps([kept, asked.tools, asked.thinking], sort_keys=True)
