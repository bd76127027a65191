"""The receivers of reports about faults in a message."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Nobody", "Tell"]


class Tell(Protocol):
    """The interface for reports of faults; `chatfmt.wire.read.report.Report` has it."""

    def unknown_role(self, spelling: str, position: int) -> None:
        """Take the report that a header ends here with a role that the format lacks."""

    def straddles(self, position: int) -> None:
        """Take the report that the id at this position ends one part and begins another."""

    def wrong_call(self, expected: str, found: str) -> None:
        """Take the report that a tool call is none, or has more in it than the layout."""

    def wrong_string(self, raw: str) -> None:
        """Take the report that a complete JSON string is not text."""


class Nobody:
    """Ignores reports, for a draft of text that may come: faults are reported when it comes."""

    def unknown_role(self, spelling: str, position: int) -> None:
        """Ignore it, like the others."""

    def straddles(self, position: int) -> None: ...  # noqa: D102

    def wrong_call(self, expected: str, found: str) -> None: ...  # noqa: D102

    def wrong_string(self, raw: str) -> None: ...  # noqa: D102
