"""The ids around the content of a message, and what decides them."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.runs import Mark, Text

__all__ = [
    "FRAME_FIELDS",
    "HEADER",
    "Frame",
    "Key",
    "Neighbours",
    "Planned",
    "Stretch",
    "key_of",
    "size_of",
]

HEADER = ("role", "name", "recipient", "channel", "content_type")
FRAME_FIELDS = (*HEADER, "reasoning", "tools", "tool_calls")
"""The fields that decide a message's frame."""

Key: TypeAlias = "tuple[Any, ...]"
key_of: Callable[[Mapping[str, Any]], Key] = itemgetter(*FRAME_FIELDS)
"""These fields from a message's ``__dict__``, which is faster than eight attributes."""


class Stretch(NamedTuple):
    """Ids that are always the same, and the run of text after them."""

    ids: list[int]
    marks: list[Mark]
    run: tuple[Text, ...]
    """Its texts; an empty one is a blank."""


class Planned(Protocol):
    """The interface of a frame that a `chatfmt.wire.plans.Plan` has made."""

    @property
    def stretches(self) -> Sequence[Stretch]:
        """The ids before each run of text, and the run."""

    @property
    def last(self) -> tuple[list[int], list[Mark]]:
        """The ids after the last run, and their marks."""

    def runs(self, message: Message) -> list[str] | None:
        """The runs of text of a message of this shape; None if it is refused."""


class Frame(NamedTuple):
    """The ids around the content, with marks that tile them."""

    head: list[int]
    head_marks: list[Mark]
    prefix: str
    """Literal text of the header before the content, encoded together with it; the model does not
    write it."""
    suffix: str | None
    """Literal text after the content, encoded together with it; None if all of the message,
    including its content, is in ``close``."""
    close: list[int]
    close_marks: list[Mark]
    goes_on: bool
    """Whether the model can continue with another message after its end."""
    training_end: int | None = None
    """The end token in training, if no message follows."""
    is_unended: bool = False
    """Whether it has no end token and a model speaks: whatever follows ends it."""
    plan: Planned | None = None
    """The plan of its shape, if it was made by one."""

    def text(self, message: Message) -> str:
        """The text between head and close."""
        return "" if self.suffix is None else self.prefix + message.content + self.suffix

    def in_training(self, role: str, following: str | None) -> Frame:
        """The frame of a message of this role in a sequence to train on.

        If nothing follows, the model should stop; if the model does not continue by itself, an end
        that does not stop it is not trained.
        """
        if self.is_unended and following is None and self.training_end is not None:
            at = len(self.close)
            ends: Mark = (at, at + 1, "end", True)
            return self._replace(
                close=[*self.close, self.training_end], close_marks=[*self.close_marks, ends]
            )
        if not self.goes_on or following == role:
            return self
        at = next(i for i, mark in enumerate(self.close_marks) if mark[2] == "end")
        start, stop, part, _ = self.close_marks[at]
        if following is None and self.training_end is not None:
            return self._replace(
                close=[*self.close[: stop - 1], self.training_end, *self.close[stop:]]
            )
        marks = [*self.close_marks[:at], (start, stop, part, False), *self.close_marks[at + 1 :]]
        return self._replace(close_marks=marks)


class Neighbours(NamedTuple):
    """The neighbours of a message in an envelope."""

    first: bool
    last: bool


def size_of(key: Key, frame: Frame) -> int:
    """The number of ids and characters in a frame and its key."""
    return len(frame.head) + len(frame.close) + sum(len(field) for field in key if field)
