"""Who is told of what is wrong with a message."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Nobody", "Tell"]


class Tell(Protocol):
    """Who is told of what is wrong; `chatfmt.wire.read.report.Report` is."""

    def unknown_role(self, spelling: str, position: int) -> None:
        """A header that ends at this position has a role that the format lacks."""

    def straddles(self, position: int) -> None:
        """The id at this position holds the end of one part and begins another."""

    def wrong_call(self, expected: str, found: str) -> None:
        """A tool call is not one, or has more in it than the layout."""

    def wrong_string(self, raw: str) -> None:
        """A JSON string that is whole is no text."""


class Nobody:
    """For a draft of what may come: what is wrong is told when it comes about."""

    def unknown_role(self, spelling: str, position: int) -> None:
        """As `Tell` has it; so are the others."""

    def straddles(self, position: int) -> None: ...  # noqa: D102

    def wrong_call(self, expected: str, found: str) -> None: ...  # noqa: D102

    def wrong_string(self, raw: str) -> None: ...  # noqa: D102
