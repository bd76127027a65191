"""Shared by state machines over transcripts: a transcript, and what is known about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt import IssueKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Issue, Span, Transcript

__all__ = ["Chat", "by_id", "serious"]


class Chat:
    """A transcript, and what somebody knows about it who wrote down all that was done to it."""

    def __init__(self, transcript: Transcript, before: Chat | None = None) -> None:
        self.transcript = transcript
        length = len(transcript.ids)
        self.ids: list[int] = list(before.ids if before else transcript.ids)
        self.sampled: list[bool] = list(before.sampled) if before else [False] * length
        self.logprobs: list[float | None] = list(before.logprobs) if before else [None] * length
        self.issues: list[Issue] = list(before.issues if before else transcript.issues)
        self.in_format: bool = before.in_format if before else True
        """Whether all that was sampled is what the format writes."""

    def pending_stop(self, stops: frozenset[int]) -> int | None:
        """The stop token that ended an answer and begins the next message, if it came last."""
        messages, spans = self.transcript.conversation.messages, self.transcript.spans
        if not messages or messages[-1].role != "assistant" or not spans:
            return None
        last = spans[-1]
        begins_next = last.part == "header" and last.message == len(messages)
        is_one = begins_next and last.stop - last.start == 1
        return self.ids[-1] if is_one and self.ids[-1] in stops else None

    def is_result_last(self) -> bool:
        """Whether a result came last, so that a prompt closes its envelope."""
        return [m.role for m in self.transcript.conversation.messages[-1:]] == ["tool"]

    def drop_stop(self) -> None:
        """That token was taken back."""
        for known in (self.ids, self.sampled, self.logprobs):
            known.pop()

    def grow(self, taken: Sequence[int] = (), logprobs: Sequence[float] | None = None) -> None:
        """Something was written, and behind it was sampled what was taken."""
        ids = self.transcript.ids
        written = len(ids) - len(self.ids) - len(taken)
        assert written >= 0
        assert ids[: len(self.ids)] == self.ids
        assert ids[len(ids) - len(taken) :] == list(taken)
        if len(ids) > len(self.ids):
            self.issues = list(self.transcript.issues)
        self.ids = list(ids)
        self.sampled += [False] * written + [True] * len(taken)
        self.logprobs += [None] * written
        self.logprobs += logprobs[: len(taken)] if logprobs else [None] * len(taken)


def serious(issues: Sequence[Issue]) -> list[Issue]:
    """Those that say that the ids are not what the format writes."""
    left_open = "the rest of it, as a message"  # which says that a message was ended early
    return [
        issue
        for issue in issues
        if issue.kind is not IssueKind.STRADDLING_TOKEN and not issue.expected.startswith(left_open)
    ]


def by_id(spans: Sequence[Span]) -> list[tuple[Any, ...]]:
    return [span[2:5] for span in spans for _ in range(span.start, span.stop)]
