"""Connections of a real server: clients that send nothing, or read nothing."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from chatfmt.web.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator


class Hasty(Connection):
    seconds = 0.3


async def app(_: object, __: object, send: Any) -> None:
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@contextmanager
def serving() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=Hasty, ws="none", lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(60)


def closed(client: socket.socket) -> bool:
    """Whether the server closes the connection, within a minute."""
    client.settimeout(60)
    try:
        return client.recv(1000) == b""
    except ConnectionResetError:
        return True


def test_who_does_not_finish_a_request_is_cut_off_and_others_are_answered() -> None:
    with serving() as port:
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: here\r\n"):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(begun)
                assert closed(client)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            client.settimeout(60)
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
