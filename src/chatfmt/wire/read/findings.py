"""The reports of a lenient reader when no reading continues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import IssueKind, shown

if TYPE_CHECKING:
    from chatfmt.wire.read.reader import Reader
    from chatfmt.wire.read.recovery import Way

__all__ = ["Findings"]


class Findings:
    """Reports for one reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def special(self, spelling: str, token: int, way: Way | None) -> None:
        """Report a special token that cannot come next."""
        reader = self._reader
        expected = None
        if way is not None and reader.state.free and not way.past_special:
            expected = f"{way.spelling!r} before it"
        elif reader.draft.is_open and not reader.state.free and reader.may_follow(spelling):
            found = f"{shown(reader.draft.heading.run)} and then {spelling}"
            reader.report.issue(self.malformed, found)
            return
        reader.report.issue(IssueKind.UNEXPECTED_SPECIAL, reader.binding.show(token), expected)

    @property
    def malformed(self) -> IssueKind:
        """The kind of issue for a message whose text has something without a place."""
        in_calls = self._reader.in_calls
        return IssueKind.MALFORMED_CALL if in_calls else IssueKind.MALFORMED_HEADER

    def text(self, token: int, left: str) -> None:
        """Report text that cannot come next."""
        reader = self._reader
        in_text = bool(reader.draft.heading.run) or reader.expects_text or reader.is_within_call
        if reader.draft.is_open and in_text:
            reader.report.issue(self.malformed, shown(reader.draft.heading.run + left))
        elif not reader.draft.is_open and reader.expects_text and not reader.in_literal:
            reader.report.issue(IssueKind.MALFORMED_HEADER, shown(left))
        else:
            reader.report.issue(IssueKind.UNEXPECTED_TEXT, reader.binding.show(token))
