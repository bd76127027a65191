"""Shapes: everything that conversations have in common except their texts.

The ids, labels and weights around the texts are computed once, from the frames of the first
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
    """The pieces around texts: one more than the number of texts."""

    ids: list[bytes]
    """Each piece, packed."""
    labels: list[bytes]
    """The same; int32."""
    weights: list[bytes]
    """The same; float32."""
    factors: list[float]
    """The weight of the ids of each text."""
    around: list[tuple[str, str, Planned | None]]
    """For each message, the text encoded with its content, or the plan that names its texts.
    """
    is_bare: bool
    """Whether the texts are exactly the contents."""
    has_plans: bool
    trains: bool
    """Whether something around the texts is trained."""
    size: int
    """How many ids it has."""

    def texts(
        self, contents: Sequence[str], messages: Sequence[Message] | None
    ) -> list[str] | None:
        """The texts of a conversation of the shape; None if one may be refused.

        Only plans look at the messages.
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
    """The shape of a conversation; None if more than the ids of texts depends on the texts.

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
        """Create the plans: a frame has its plan from the second use on."""
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
    """Joins the frames of messages."""

    def __init__(self, *, train_end: bool, stops: frozenset[int]) -> None:
        self._train_end, self._stops = train_end, stops
        self._pieces: list[tuple[list[int], list[float]]] = [([], [])]
        self._factors: list[float] = []
        self._around: list[tuple[str, str, Planned | None]] = []
        self._unended = 0.0
        """The weight of the end of the message before, if that has no end token."""

    def take(self, frame: Frame, role: str, following: str | None, factor: float) -> bool:
        """Add a message; return whether its frame is the same for all texts."""
        parts = _parts(frame, role, following)
        if parts is None:
            return False
        fixed, runs = parts
        # After a message without an end token, everything begins with a special token.
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
        """Add constant ids; the first of them ends the message before."""
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
        """The result."""
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

    None if the frame includes the texts.
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
