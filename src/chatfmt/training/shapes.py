"""What all conversations of one shape have in common: everything but their texts.

The ids, labels and weights around the texts are worked out once, from the frames of the first
conversation of the shape, as `chatfmt.training.examples` would write them.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.wire.fast.packed import pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.frame import Frame, Planned
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.spans import Part
    from chatfmt.wire.write import Renderer

__all__ = ["Shape", "make_shape"]


class Shape(NamedTuple):
    """Texts, and what is around them: one more piece than there are texts."""

    ids: list[bytes]
    """Each piece, packed."""
    labels: list[bytes]
    """The same; int32."""
    weights: list[bytes]
    """The same; float32."""
    factors: list[float]
    """The weight of the ids of each text."""
    around: list[tuple[str, str, Planned | None]]
    """For each message, what is encoded with its content, or the plan that says what its texts are.
    """
    is_bare: bool
    """Whether the texts are the contents, as they are."""
    has_plans: bool
    trains: bool
    """Whether something around the texts is trained."""
    size: int
    """How many ids it has."""

    def texts(
        self, contents: Sequence[str], messages: Sequence[Message] | None
    ) -> list[str] | None:
        """The texts of a conversation of the shape; None where one may be refused.

        The messages are asked only by plans.
        """
        if not self.has_plans:
            return [
                before + content + after
                for content, (before, after, _) in zip(contents, self.around, strict=True)
            ]
        if messages is None:
            return None
        texts: list[str] = []
        for content, message, (before, after, plan) in zip(
            contents, messages, self.around, strict=True
        ):
            if plan is None:
                texts.append(before + content + after)
                continue
            runs = plan.runs(message)
            if runs is None:
                return None
            texts += runs
        return texts


def make_shape(
    renderer: Renderer,
    messages: Sequence[Message],
    factors: Sequence[float],
    *,
    train_end: bool,
    ignore_index: int,
) -> Shape | None:
    """The shape of a conversation; None where more of it depends on the texts than their ids.

    Args:
        renderer: writes the format.
        messages: of the conversation.
        factors: the weight of each.
        train_end: whether the ends of messages are trained.
        ignore_index: the label where the weight is 0.

    Raises:
        RenderError: the format cannot carry the conversation.
    """
    for _ in renderer.frames(messages):
        """Have the plans made: a frame knows of its plan from the second time on."""
    maker = _Maker(train_end=train_end, stops=renderer.binding.stops)
    maker.put(renderer.prologue, (), 0.0)
    following = [*(message.role for message in messages[1:]), None][: len(messages)]
    for message, frame, factor, role in zip(
        messages, renderer.frames(messages), factors, following, strict=True
    ):
        if not maker.take(frame, message.role, role, factor):
            return None
    return maker.shape(ignore_index)


class _Maker:
    """Puts the frames of messages after one another."""

    def __init__(self, *, train_end: bool, stops: frozenset[int]) -> None:
        self._train_end, self._stops = train_end, stops
        self._pieces: list[tuple[list[int], list[float]]] = [([], [])]
        self._factors: list[float] = []
        self._around: list[tuple[str, str, Planned | None]] = []
        self._unended = 0.0
        """The weight of what ends the message before, where that has no end of its own."""

    def take(self, frame: Frame, role: str, following: str | None, factor: float) -> bool:
        """Put in a message; whether what is around its texts is the same for all texts."""
        parts = _parts(frame, role, following)
        if parts is None:
            return False
        fixed, runs = parts
        # What may follow a message without an end begins with a special token.
        first, _ = fixed[0]
        ends = self._unended if first and first[0] in self._stops else 0.0
        for (ids, marks), run in zip(fixed, runs, strict=False):
            self.put(ids, marks, factor, ends)
            ends = 0.0
            trained = {self._trains(part, generated=generated) for part, generated in run}
            if factor and len(trained) > 1:
                return False
            self._factors.append(factor if trained == {True} else 0.0)
            self._pieces.append(([], []))
        self.put(*fixed[-1], factor, ends)
        self._around.append((frame.prefix, frame.suffix or "", frame.plan))
        self._unended = factor if frame.is_unended and self._train_end else 0.0
        return True

    def put(self, ids: list[int], marks: Iterable[Mark], factor: float, ends: float = 0.0) -> None:
        """Put in ids that are always the same; the first of them ends the message before."""
        weights = [0.0] * len(ids)
        weights[:1] = [ends][: len(ids)]
        for start, stop, part, generated in marks:
            if factor and self._trains(part, generated=generated):
                weights[start:stop] = [factor] * (stop - start)
        self._pieces[-1][0].extend(ids)
        self._pieces[-1][1].extend(weights)

    def _trains(self, part: str, *, generated: bool) -> bool:
        return generated and (self._train_end or part != "end")

    def shape(self, ignore_index: int) -> Shape:
        """What has been put in."""
        labels = [
            [token if weight else ignore_index for token, weight in zip(*piece, strict=True)]
            for piece in self._pieces
        ]
        return Shape(
            [pack(ids) for ids, _ in self._pieces],
            [array("i", piece).tobytes() for piece in labels],
            [array("f", weights).tobytes() for _, weights in self._pieces],
            self._factors,
            self._around,
            all(around == ("", "", None) for around in self._around),
            any(plan is not None for _, _, plan in self._around),
            any(any(weights) for _, weights in self._pieces),
            sum(len(ids) for ids, _ in self._pieces),
        )


def _parts(
    frame: Frame, role: str, following: str | None
) -> tuple[list[tuple[list[int], list[Mark]]], list[set[tuple[Part, bool]]]] | None:
    """The ids around the texts of a message with their marks, and of which parts each text is.

    None where the frame holds the texts.
    """
    changes = frame.goes_on or frame.is_unended
    if frame.plan is None:
        if frame.suffix is None:
            return None
        if changes:
            frame = frame.in_training(role, following)
        content: set[tuple[Part, bool]] = {("content", True)}
        if frame.prefix:
            content.add(("header", False))
        return [(frame.head, frame.head_marks), (frame.close, frame.close_marks)], [content]
    stretches = frame.plan.stretches
    fixed = [(stretch.ids, stretch.marks) for stretch in stretches]
    runs = [{(text.part, text.generated) for text in stretch.run} for stretch in stretches]
    ids, marks = frame.plan.last
    if changes:  # the end of a line, which is after all its texts
        last = frame._replace(close=ids, close_marks=marks).in_training(role, following)
        ids, marks = last.close, last.close_marks
    return [*fixed, (ids, marks)], runs
