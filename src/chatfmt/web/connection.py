"""A uvicorn connection that does not wait forever.

uvicorn waits without limit for the headers of a request, and for a client that does not read its
answer. Here a connection is cut if no request has been answered on it for a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

from chatfmt.web.limits import CONNECTION_SECONDS

if TYPE_CHECKING:
    import asyncio

__all__ = ["Connection"]


class Connection(H11Protocol):
    """A connection that is cut unless it completes an answer every `seconds`."""

    seconds = CONNECTION_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Set the deadline of a new connection."""
        super().connection_made(transport)
        self._wind()

    def on_response_complete(self) -> None:
        """Set the next deadline after an answer."""
        super().on_response_complete()
        self._wind()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the deadline of a closed connection."""
        self._stop()
        super().connection_lost(exc)

    def _wind(self) -> None:
        self._stop()
        self._deadline = self.loop.call_later(self.seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
