"""Calls over HTTP: which requests wait for which, and clients that do not read their answer."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from chatfmt.web.api import Refusal
from chatfmt.web.calls import Call, Queue
from chatfmt.web.limits import ANSWER_LIMIT, SMALL_BODY

SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "headers": []}
SMALL, LARGE = b"{}", b" " * (SMALL_BODY + 1)


async def posted(call: Call, body: bytes) -> list[Any]:
    """What the application sends for this body."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await call(SCOPE, receive, send)  # type: ignore[arg-type]
    return sent


def content(sent: list[Any]) -> Any:
    return json.loads(b"".join(message["body"] for message in sent[1:]))


def test_an_answer_is_sent_in_pieces_and_whole() -> None:
    sent = asyncio.run(posted(Call(lambda _: {"a": "é" * 100_000}, Queue()), SMALL))
    assert sent[0]["status"] == 200
    assert len(sent) > 3
    assert content(sent) == {"a": "é" * 100_000}
    assert dict(sent[0]["headers"])[b"content-length"] == b"200008"


def test_too_large_an_answer_is_refused() -> None:
    sent = asyncio.run(posted(Call(lambda _: {"a": "x" * ANSWER_LIMIT}, Queue()), SMALL))
    assert sent[0]["status"] == 422
    assert "at most 20,000,000 bytes, found 20,000,008" in content(sent)["reason"]


def test_a_refusal_is_short_and_can_be_sent() -> None:
    def refuse(_: bytes) -> dict[str, Any]:
        raise Refusal("DataError", "\ud800\x01\U0010ffff" * 9000, "\ud800" * 9000, status=400)

    sent = asyncio.run(posted(Call(refuse, Queue()), SMALL))
    assert sent[0]["status"] == 400
    assert len(sent[1]["body"]) < 20_000
    assert "\\ud800" in content(sent)["where"]


def test_a_small_request_does_not_wait_for_a_large_one() -> None:
    finish = threading.Event()

    def work(body: bytes) -> dict[str, Any]:
        if len(body) > SMALL_BODY:
            assert finish.wait(60)
        return {"size": len(body)}

    async def both() -> list[int]:
        call = Call(work, Queue())
        large = [asyncio.create_task(posted(call, LARGE)) for _ in range(3)]
        await asyncio.sleep(0)
        small = await posted(call, SMALL)  # it would never come if it waited
        finish.set()
        return [content(sent)["size"] for sent in (small, *(await asyncio.gather(*large)))]

    assert asyncio.run(both()) == [len(SMALL), *[len(LARGE)] * 3]


def test_large_requests_are_worked_on_one_at_a_time() -> None:
    at_work, most = 0, 0
    lock = threading.Lock()

    def work(_: bytes) -> dict[str, Any]:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.02)
        with lock:
            at_work -= 1
        return {}

    async def many() -> None:
        call = Call(work, Queue())
        await asyncio.gather(*(posted(call, LARGE) for _ in range(6)))

    asyncio.run(many())
    assert most == 1


def test_an_answer_that_nobody_takes_is_given_up_and_its_place_is_free() -> None:
    async def never(_: object) -> None:
        await asyncio.Event().wait()

    async def run() -> Any:
        queue = Queue()
        for _ in range(8):  # more than there are places
            answer = await queue.answer(LARGE, lambda _: (200, b"{}"))
            await answer.send(never, 0.01)
        return content(await posted(Call(lambda _: {"a": 1}, queue), LARGE))

    assert asyncio.run(run()) == {"a": 1}


def test_work_that_fails_leaves_its_place_free() -> None:
    def fail(_: bytes) -> tuple[int, bytes]:
        raise RuntimeError

    async def run() -> int:
        queue = Queue()
        failed = 0
        for _ in range(8):
            try:
                await queue.answer(LARGE, fail)
            except RuntimeError:
                failed += 1
        return failed

    assert asyncio.run(run()) == 8
