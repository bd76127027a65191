"""The playground's server."""

from __future__ import annotations

import ipaddress
import socket
import sys
from importlib import resources
from typing import TYPE_CHECKING

from chatfmt.errors import ChatfmtError
from chatfmt.show import stylesheet
from chatfmt.web.gate import Gate
from chatfmt.web.limits import BODY_LIMIT, BODY_SECONDS, MOST_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import TextIO

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from chatfmt.web.table import Table

__all__ = ["create_app", "serve"]


def create_app(
    hosts: Collection[str],
    *,
    table: Table | None = None,
    body_limit: int = BODY_LIMIT,
    body_seconds: float = BODY_SECONDS,
) -> ASGIApp:
    """The playground as an ASGI application.

    Args:
        hosts: the accepted values of the Host header, including the port.
        table: the formats and vocabularies to choose from; chatfmt's own by default.
        body_limit: the largest size of a request's body, in bytes.
        body_seconds: how long a body may take to arrive.

    Raises:
        ImportError: starlette is not installed.
    """
    _refuse_without_starlette()
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    from chatfmt.web import api
    from chatfmt.web.calls import Call, Queue, dumped
    from chatfmt.web.table import Table

    table = table or Table()

    def fixed(path: str, content: str | bytes, media_type: str) -> Route:
        async def get(_: Request) -> Response:
            return Response(content, media_type=media_type)

        return Route(path, get)

    files = resources.files("chatfmt").joinpath("web")
    page, style, icon = (
        files.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css", "icon.svg")
    )
    scripts = sorted(files.joinpath("script").iterdir(), key=lambda file: file.name)
    queue = Queue()
    routes = [
        fixed("/", page, "text/html"),
        fixed("/page.css", stylesheet() + style, "text/css"),
        *(fixed(f"/script/{f.name}", f.read_text("utf-8"), "text/javascript") for f in scripts),
        fixed("/icon.svg", icon, "image/svg+xml"),
        fixed("/api/formats", dumped(api.formats(table)), "application/json"),
        *(
            Route(f"/api/{name}", Call(work, queue), methods=["POST"])
            for name, work in api.calls(table).items()
        ),
    ]
    return Gate(Starlette(routes=routes), hosts, body_limit, body_seconds)


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    table: Table | None = None,
    file: TextIO | None = None,
) -> None:
    """Serve the playground until it is interrupted.

    Args:
        host: the address to listen on, which is also the only name under which the page can be
            opened; a loopback address can also be opened as localhost.
        port: the port; 0 picks a free one.
        table: as in `create_app`.
        file: where to print the page's address; standard output by default.

    Raises:
        ChatfmtError: the address or port cannot be used.
        ImportError: starlette or uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError:
        raise _missing("uvicorn") from None
    _refuse_without_starlette()  # before a port is taken
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    names = {shown, *(("localhost",) if _is_loopback(host) else ())}
    hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())  # noqa: PLR2004
    from chatfmt.web.connection import Connection

    config = uvicorn.Config(
        create_app(hosts, table=table),
        http=Connection,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        log_level="warning",
        server_header=False,
    )
    print(
        f"The playground is at http://{shown}:{port}/ (press Ctrl+C to stop it)",
        file=file or sys.stdout,
        flush=True,
    )
    with listener:
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        if ipaddress.ip_address(host).is_unspecified:
            raise ChatfmtError(
                f"{host} stands for every address, so the Host header of a request could not be "
                "checked; give the one address or name by which the page will be reached"
            )
    except ValueError as error:
        if isinstance(error, ChatfmtError):
            raise
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise ChatfmtError(
            f"port {port} of {host} cannot be used ({error}); choose another with --port, or 0 "
            "for a free one"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_without_starlette() -> None:
    try:
        import starlette.applications  # noqa: F401
    except ImportError:
        raise _missing("starlette") from None


def _missing(name: str) -> ImportError:
    return ImportError(f"the playground needs {name}: pip install 'chatfmt[web]'", name=name)
