"""The calls of the API over HTTP: when each request is handled, and how its answer is sent.

Large requests are handled one at a time and small ones four at a time. This bounds their total
memory, and a small request never waits for a large one. An answer is sent piece by piece, as fast
as the client reads it; if the client does not read it, it is abandoned.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from chatfmt.web.api import Refusal
from chatfmt.web.limits import ANSWER_LIMIT, BODY_SECONDS, SMALL_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

__all__ = ["Call", "Queue", "dumped"]

_CHUNK = 64 * 1024


class Queue:
    """Where requests wait for their turn; a server has one for all calls."""

    def __init__(self) -> None:
        self._small, self._large = asyncio.Semaphore(4), asyncio.Semaphore(1)
        self._answers = asyncio.Semaphore(4)  # large ones that are being sent

    async def answer(self, body: bytes, work: Callable[[bytes], tuple[int, bytes]]) -> Answer:
        """Do the work in a thread, when its turn comes."""
        from starlette.concurrency import run_in_threadpool

        is_large = len(body) > SMALL_BODY
        if is_large:
            await self._answers.acquire()
        try:
            async with self._large if is_large else self._small:
                status, content = await run_in_threadpool(work, body)
        except BaseException:
            if is_large:
                self._answers.release()
            raise
        return Answer(status, content, self._answers.release if is_large else None)


class Answer:
    """A finished answer.

    Args:
        status: the HTTP status.
        content: JSON.
        done: called when it has been sent or abandoned.
    """

    def __init__(self, status: int, content: bytes, done: Callable[[], None] | None) -> None:
        self._status, self._content, self._done = status, content, done

    async def send(self, send: Send, seconds: float) -> None:
        """Send it; a client that does not read all of it in time gets no more."""
        size = len(self._content)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]
        try:
            async with asyncio.timeout(seconds):
                await send(
                    {"type": "http.response.start", "status": self._status, "headers": headers}
                )
                for start in range(0, size, _CHUNK):
                    chunk = self._content[start : start + _CHUNK]
                    more = start + _CHUNK < size
                    await send({"type": "http.response.body", "body": chunk, "more_body": more})
        except TimeoutError:
            pass  # the server closes the connection, because the answer is not complete
        finally:
            if self._done is not None:
                self._done()


class Call:
    """One call, as an ASGI application.

    Args:
        work: takes the body of a request and returns that of the answer, or raises a `Refusal`.
        queue: where requests wait.
    """

    def __init__(self, work: Callable[[bytes], dict[str, Any]], queue: Queue) -> None:
        self._work, self._queue = work, queue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        from starlette.requests import Request

        body = await Request(scope, receive).body()
        answer = await self._queue.answer(body, self._answered)
        del body
        await answer.send(send, BODY_SECONDS)

    def _answered(self, body: bytes) -> tuple[int, bytes]:
        try:
            content = dumped(self._work(body))
            if len(content) > ANSWER_LIMIT:
                raise Refusal(  # noqa: TRY301 - answered like any other
                    "Refused",
                    f"expected a view of at most {ANSWER_LIMIT:,} bytes, found "
                    f"{len(content):,}; show a part of it",
                )
        except Refusal as refusal:
            return refusal.status, dumped(refusal.body())
        return 200, content


def dumped(value: dict[str, Any]) -> bytes:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
