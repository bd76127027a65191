"""Faults of the ids: recorded as issues, or raised in a strict parse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chatfmt.errors import Issue, IssueKind, ParseError, shown
from chatfmt.wire.read.characters import PENDING, WITHIN_PENDING
from chatfmt.wire.read.wording import where

if TYPE_CHECKING:
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.read.state import State
    from chatfmt.wire.read.steps import Steps

__all__ = ["Report"]


class _Reader(Protocol):
    """The part of a `chatfmt.wire.read.reader.Reader` that says where it is."""

    binding: Binding
    steps: Steps
    draft: Draft
    state: State
    lost: State | None
    position: int
    pending_at: int

    @property
    def in_literal(self) -> bool: ...


class Report:
    """Reports the findings of a reader; ``failure`` is the error that ended a strict parse."""

    def __init__(self, reader: _Reader, issues: list[Issue], *, strict: bool) -> None:
        self._reader = reader
        self._strict = strict
        self.issues = issues
        self.failure: ParseError | None = None

    def copy(self, reader: _Reader, issues: list[Issue]) -> Report:
        """A report for another reader."""
        return Report(reader, issues, strict=self._strict)

    def issue(
        self, kind: IssueKind, found: str, expected: str | None = None, position: int | None = None
    ) -> None:
        """Record an issue, or raise it in a strict parse."""
        reader = self._reader
        at = reader.position if position is None else position
        machine, lost = reader.steps.machine, reader.lost is not None
        if expected is None:
            places = tuple(place for place, _ in reader.state.threads)
            expected = reader.steps.following.what(places, literal=reader.in_literal)
        state = where(machine, reader.state, reader.draft, lost=lost)
        issue = Issue(kind, at, state, expected, found)
        if self._strict and kind is not IssueKind.STRADDLING_TOKEN:
            self.failure = ParseError(issue)
            raise self.failure
        self.issues.append(issue)

    def invalid(self, begins: int) -> None:
        """Report bytes that begin here and are invalid UTF-8."""
        reader = self._reader
        at = reader.pending_at if begins in (PENDING, WITHIN_PENDING) else reader.position
        self.issue(IssueKind.INVALID_UTF8, "invalid bytes", "valid UTF-8", at)

    def unknown_role(self, spelling: str, position: int) -> None:
        """Report a role in a header that the format lacks."""
        known = ", ".join(self._reader.binding.format.role_spellings.values())
        kind, expected = IssueKind.UNKNOWN_ROLE, f"one of the roles {known}"
        self.issue(kind, repr(spelling), expected, position)

    def wrong_call(self, expected: str, found: str) -> None:
        """Report a tool call that is none, or has more in it than the layout."""
        self.issue(IssueKind.MALFORMED_CALL, found, expected)

    def wrong_string(self, raw: str) -> None:
        """Report a JSON string that has half of a surrogate pair in it."""
        expected = "a JSON string that is text, without half of a surrogate pair"
        self.issue(IssueKind.UNEXPECTED_TEXT, shown(raw), expected)

    def straddles(self, position: int) -> None:
        """Report an id at this position that ends one part and begins another."""
        self.issue(
            IssueKind.STRADDLING_TOKEN,
            "one that continues into the next",
            "a token that ends with its part",
            position,
        )
