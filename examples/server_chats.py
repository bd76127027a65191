"""The transcripts that both APIs of server.py continue."""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import chatfmt

T = TypeVar("T")
Sampler: TypeAlias = "Callable[[Sequence[int]], Iterable[int]]"

LONGEST = 4096
"""The most ids of one answer, if a request sets no limit."""
KEPT = 1000
"""How many transcripts are remembered, and how many responses."""


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


def recorded(sample: Sampler, prompt: Sequence[int], most: int, ids: list[int]) -> Iterator[int]:
    """The ids as they are sampled; each one that is taken is also added to the list."""
    for token in islice(sample(prompt), min(most, sys.maxsize)):
        ids.append(token)
        yield token


class Latest(Generic[T]):
    """Values by their keys, of which those are remembered that were used last; for any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> T | None:
        """A value, unless it is not known or was forgotten."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def keep(self, key: str, value: T) -> None:
        """Remember a value, and forget one if there are too many."""
        with self._lock:
            self._known[key] = value
            self._known.move_to_end(key)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


class Chats:
    """The transcripts of conversations, found by the messages that a client sends."""

    def __init__(self, tok: chatfmt.ChatTokenizer, values: dict[str, str]) -> None:
        self._tok = tok
        self._values = values
        self._known: Latest[chatfmt.Transcript] = Latest()

    def find(self, asked: Asked) -> chatfmt.Transcript:
        """A new transcript of these messages; it begins with the ids of a known one, if any."""
        for count in range(len(asked.messages), 0, -1):
            known = self._known.get(_key(asked, asked.messages[:count]))
            if known is not None:
                chat = known.copy()
                chat.append(*self._new(asked, count))
                return chat
        return self._tok.render(self._prepared(asked))

    def keep(self, asked: Asked, answer: dict[str, Any], chat: chatfmt.Transcript) -> None:
        """Remember a transcript by its messages, including the answer."""
        self._known.keep(_key(asked, [*asked.messages, answer]), chat)

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

    Members that are null or empty do not matter, and not all clients send reasoning back.
    """
    kept = [
        {k: v for k, v in message.items() if v not in (None, [], "") and k != "reasoning_content"}
        for message in messages
    ]
    return json.dumps([kept, asked.tools, asked.thinking], sort_keys=True)
