"""A reply as it is sampled: the parts that all API shapes share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypedDict

from chatfmt.serve.pieces import Turn
from chatfmt.serve.sources import parser_for
from chatfmt.wire.read.parser import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence

    from chatfmt.serve.pieces import Piece, Strays
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.transcript import Transcript
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["Reply", "ReplyOptions", "as_sampled", "as_sampled_async"]


class ReplyOptions(TypedDict, total=False):
    """Options of a reply in every shape.

    >>> ReplyOptions(model="mine", prompt_tokens=7)
    {'model': 'mine', 'prompt_tokens': 7}
    """

    stray: Strays
    """How to treat text that has no place; by default it is content. See `Strays`."""
    whole_calls: bool
    """Give each call at once, when it is complete. Otherwise, and by default, its arguments come as
    they are sampled; a call that is cut off, or turns out to be none, then stays in the reply as
    far as it went."""
    first_call: int
    """The number of the first made-up id, ``call_0`` and so on, for formats that write no call ids.
    By default the number of calls in a transcript, and 0 for a tokenizer or a parser."""
    id: str
    """The id of the reply."""
    model: str
    """By default the name of the format."""
    created: int
    """Seconds since 1970; 0 by default."""
    prompt_tokens: int
    """The number of tokens in the prompt, for ``usage``."""


class Reply(ABC):
    """One reply; a subclass turns its pieces into the shape of an API.

    Args:
        source: as in `chat_chunks`.
        tools: as in `chat_chunks`.
        thinking: as in `chat_chunks`.
        options: see `ReplyOptions`.

    Raises:
        ValueError: as for `chat_chunks`.
    """

    def __init__(
        self,
        source: ChatTokenizer | Transcript | StreamParser,
        tools: Iterable[Mapping[str, Any]] | None,
        thinking: bool | None,  # noqa: FBT001 - handed on
        options: ReplyOptions,
    ) -> None:
        self.parser, before = parser_for(source, tools, thinking)
        self._keep = self.parser is source  # the caller may still look at what it has read
        self.turn = Turn(
            stray=options.get("stray", "content"),
            whole_calls=options.get("whole_calls", False),
            first_call=options.get("first_call", before),
        )
        self._start = self.parser.position

    @abstractmethod
    def begin(self) -> Iterable[dict[str, Any]]:
        """The items to send before anything is sampled."""

    @abstractmethod
    def tell(self, pieces: Iterable[Piece]) -> Iterable[dict[str, Any]]:
        """The items to send for some pieces."""

    @abstractmethod
    def last(self, *, stopped: bool) -> Iterable[dict[str, Any]]:
        """The items to send at the end, after a stop token or without one."""

    @property
    def sampled(self) -> int:
        """How many ids have come."""
        return self.parser.position - self._start

    def feed(self, given: int | Sequence[int]) -> tuple[Iterable[dict[str, Any]], bool]:
        """The items to send for one id or several, and whether they stop the model."""
        events, stopped = self.parser.feed_some(given)
        return self.tell(self.turn.take(events)), stopped

    def end(self, *, stopped: bool) -> Iterator[dict[str, Any]]:
        """The items to send when the ids have ended."""
        if not stopped:
            yield from self.tell(self.turn.take(self.parser.close(), closing=True))
        yield from self.last(stopped=stopped)

    def forget(self) -> None:
        """Let go of what has been read, unless the caller owns the parser."""
        if not self._keep:
            self.parser.forget()


def as_sampled(reply: Reply, ids: Iterable[int | Sequence[int]]) -> Iterator[dict[str, Any]]:
    """Everything to send for a reply as its ids come, through the first stop token."""
    yield from reply.begin()
    stopped = False
    for count, given in enumerate(ids, 1):
        told, stopped = reply.feed(given)
        yield from told
        if stopped:
            break
        if count % FORGOTTEN == 0:
            reply.forget()
    yield from reply.end(stopped=stopped)


async def as_sampled_async(
    reply: Reply, ids: AsyncIterable[int | Sequence[int]]
) -> AsyncIterator[dict[str, Any]]:
    """`as_sampled` for an async iterable of ids."""
    for one in reply.begin():
        yield one
    stopped, count = False, 0
    async for given in ids:
        told, stopped = reply.feed(given)
        for one in told:
            yield one
        if stopped:
            break
        count += 1
        if count % FORGOTTEN == 0:
            reply.forget()
    for one in reply.end(stopped=stopped):
        yield one
