"""The gate: bodies that arrive slowly, break off, or are too many."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from chatfmt.web.gate import Gate
from chatfmt.web.limits import MOST_WAITING, SMALL_BODY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HEADERS = [(b"host", b"here"), (b"content-type", b"application/json")]
SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "headers": HEADERS}
WAIT: dict[str, Any] = {}


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def receiver(*messages: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Gives these messages, and then nothing any more; at `WAIT`, nothing for ever."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        message = left.pop(0)
        if message is WAIT:
            await asyncio.Event().wait()
        return message

    return receive


async def echo(_: object, receive: Any, send: Any) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def asked(gate: Gate, *messages: dict[str, Any], scope: dict[str, Any] = SCOPE) -> Any:
    """Status and body of the answer, or None if there is none."""
    sent: list[Any] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(gate(scope, receiver(*messages), send))  # type: ignore[arg-type]
    return (sent[0]["status"], sent[1]["body"]) if sent else None


def test_a_body_in_parts_is_given_on_as_one() -> None:
    gate = Gate(echo, ["here"])
    assert asked(gate, part(b"a", more=True), part(b"b", more=False)) == (200, b"ab")


def test_a_body_that_does_not_end_is_refused_in_time() -> None:
    gate = Gate(echo, ["here"], seconds=0.05)
    status, body = asked(gate, part(b"a", more=True), WAIT)
    assert status == 408
    assert "within 0.05 seconds" in json.loads(body)["reason"]


def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    gate = Gate(echo, ["here"])
    assert asked(gate, part(b"{}", more=True), {"type": "http.disconnect"}) is None


def test_large_bodies_wait_only_as_far_as_there_is_memory_for_them() -> None:
    size = 2 * 1024 * 1024
    many = MOST_WAITING // size
    gate = Gate(echo, ["here"])
    answers: list[int] = []

    async def send(message: dict[str, Any]) -> None:
        if "status" in message:
            answers.append(message["status"])

    async def all_at_once() -> None:
        blocked = [
            asyncio.create_task(gate(SCOPE, receiver(part(b"x" * size, more=True), WAIT), send))  # type: ignore[arg-type]
            for _ in range(many)
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for body in (b"x" * (SMALL_BODY + 1), b"x" * SMALL_BODY):
            await gate(SCOPE, receiver(part(body, more=False)), send)  # type: ignore[arg-type]
        for task in blocked:
            task.cancel()
        await asyncio.gather(*blocked, return_exceptions=True)
        await gate(SCOPE, receiver(part(b"x" * size, more=False)), send)  # type: ignore[arg-type]

    asyncio.run(all_at_once())
    assert answers == [503, 200, 200]


def test_an_error_is_short_whatever_it_quotes() -> None:
    scope = {**SCOPE, "headers": [(b"host", b"\xff" * 60_000)]}
    status, body = asked(Gate(echo, ["here"]), scope=scope)
    assert status == 421
    assert len(body) < 20_000


def test_what_is_not_http_passes() -> None:
    seen: list[str] = []

    async def app(scope: Any, _: object, __: object) -> None:
        seen.append(scope["type"])

    asyncio.run(Gate(app, ["here"])({"type": "lifespan"}, receiver(), receiver()))  # type: ignore[arg-type]
    assert seen == ["lifespan"]
