"""The gate of the playground: which requests it lets in, and what a browser may do with the page.

The server listens on one address and has no cookies, so other sites can reach it only through the
user's own browser. The checks of Host (DNS rebinding), Origin and Content-Type (cross-origin
requests) prevent that.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from chatfmt.errors import bounded
from chatfmt.web.limits import (
    BODY_LIMIT,
    BODY_SECONDS,
    MOST_REASON,
    MOST_WAITING,
    SMALL_BODY,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Gate"]

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Gate:
    """An ASGI application around another.

    Args:
        app: the application after the gate.
        hosts: the accepted values of the Host header, including the port.
        limit: the largest size of a body, in bytes.
        seconds: how long a body may take to arrive.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str],
        limit: int = BODY_LIMIT,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._limit = limit
        self._seconds = seconds
        self._waiting = 0  # bytes of the bodies that are not small

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [
                    (name.encode(), value.encode()) for name, value in _HEADERS.items()
                ]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(send_with_headers, *refusal)
            return
        body = _Body()
        try:
            refusal = await self._read_in_time(body, scope, receive)
            if refusal is not None:
                await _refuse(send_with_headers, *refusal)
            elif body.is_whole:  # otherwise no one is waiting for an answer
                await self._app(scope, _replay(bytes(body.data), receive), send_with_headers)
        finally:
            self._waiting -= body.counted

    async def _read_in_time(
        self, body: _Body, scope: Scope, receive: Receive
    ) -> tuple[int, str] | None:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._read(body, scope, receive)
        except TimeoutError:
            return 408, f"expected the whole body within {self._seconds:g} seconds"

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        hosts, origins, types = (
            _values(scope, name) for name in (b"host", b"origin", b"content-type")
        )
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            expected = " or ".join(sorted(self._hosts))
            return 421, f"expected a request to {expected}, found Host: {', '.join(hosts)}"
        if origins and origins != [f"http://{hosts[0]}"]:
            return 403, f"expected a request from this page, found Origin: {', '.join(origins)}"
        kind = types[0].partition(";")[0].strip().lower() if types else ""
        if scope["method"] == "POST" and kind != "application/json":
            return 415, f"expected Content-Type: application/json, found {kind or 'none'}"
        return None

    async def _read(self, body: _Body, scope: Scope, receive: Receive) -> tuple[int, str] | None:
        """Read the body, or return the reason for refusing it as soon as it is known."""
        too_long = 413, f"expected a body of at most {self._limit} bytes, found more"
        announced = _values(scope, b"content-length")
        if announced and (not announced[0].isdecimal() or int(announced[0]) > self._limit):
            return too_long
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body.data += message.get("body", b"")
            if len(body.data) > self._limit:
                return too_long
            if len(body.data) > SMALL_BODY:
                more = len(body.data) - body.counted
                if self._waiting + more > MOST_WAITING:
                    return 503, "too many large requests at once; try again in a moment"
                body.counted += more
                self._waiting += more
            if not message.get("more_body", False):
                body.is_whole = True
                return None


class _Body:
    """A body that is being read."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.counted = 0  # how many of its bytes are counted among the waiting ones
        self.is_whole = False


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _replay(body: bytes, receive: Receive) -> Receive:
    """Receive the body that was read, and then whatever else arrives."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(send: Send, status: int, reason: str) -> None:
    reason = bounded(reason, MOST_REASON)
    answer: dict[str, Any] = {"error": "Refused", "reason": reason, "where": None, "index": None}
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers.append((b"connection", b"close"))  # the rest of the body is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
