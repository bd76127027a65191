"""Shapes: everything that messages of one kind share, which is all except their texts.

The ids, labels and weights around the texts of a message are made once, from the first frame of
its kind, as `chatfmt.training.examples` would write them. The shape of a conversation is joined
from those of its messages, or these are used one after the other.
"""

from __future__ import annotations

from array import array
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.training.weights import message_weights
from chatfmt.wire.fast.packed import SIZE, pack
from chatfmt.wire.frame import FRAME_FIELDS
from chatfmt.wire.kept import Kept
from chatfmt.wire.runs import begun_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.conversation import Message
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.frame import Frame, Planned
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.spans import Part
    from chatfmt.wire.write import Renderer

__all__ = ["Block", "Laid", "Shape", "Shapes", "joined"]


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
    trains: bool
    """Whether something around the texts is trained."""

    @property
    def size(self) -> int:
        """How many ids it has."""
        return sum(map(len, self.ids)) // SIZE


class Block(NamedTuple):
    """One message or several: their shape, and how the texts of a message are made."""

    shape: Shape
    prefix: str = ""
    """Literal text that is encoded with the content, before it."""
    suffix: str | None = None
    """The same, after it; None if a plan names the texts, or if the shape includes them."""
    plan: Planned | None = None


class Laid(NamedTuple):
    """A conversation: the blocks that it is made of, and its texts."""

    blocks: list[Block]
    texts: list[str]


def joined(blocks: Sequence[Block]) -> Shape:
    """The shape of all messages of a conversation."""
    pieces: tuple[list[bytes], list[bytes], list[bytes]] = [b""], [b""], [b""]
    for shape, *_ in blocks:
        for all_of_them, more in zip(pieces, shape[:3], strict=True):
            all_of_them[-1] += more[0]
            all_of_them.extend(more[1:])
    factors = [factor for shape, *_ in blocks for factor in shape.factors]
    return Shape(*pieces, factors, any(shape.trains for shape, *_ in blocks))


_key = itemgetter(*FRAME_FIELDS, "weight")
"""Everything in a message that decides its block, if its neighbours do not matter."""


class Shapes:
    """The shapes of messages, for one format in one encoding."""

    def __init__(
        self, renderer: Renderer, *, train_on: TrainOn, train_end: bool, ignore_index: int
    ) -> None:
        self._renderer, self._train_on = renderer, train_on
        self._stops = renderer.binding.stops
        self._train_end, self._ignore_index = train_end, ignore_index
        self._known: Kept[tuple[object, ...], tuple[Frame, Shape | None]] = Kept()
        """By the identity of a frame, which is kept with it, and the other facts that decide."""
        self._by_itself = renderer.by_itself and train_on in ("assistant", "all", "none")
        """Whether a block depends only on its message."""
        self._blocks: Kept[tuple[object, ...], Block] = Kept()
        prologue = renderer.prologue
        shape = self._shape([(prologue, [0.0] * len(prologue))], [])
        self._prologue = [Block(shape)] if prologue else []

    def lay(self, messages: Sequence[Message]) -> Laid | None:
        """A conversation; None if a text of it may be refused.

        Raises:
            RenderError, EncodingError: the format cannot carry the conversation.
            ValueError: a function gives a message an invalid weight.
        """
        found = self._each(messages) if self._by_itself else self._together(messages)
        blocks, texts = [*self._prologue], []
        for message, block in zip(messages, found, strict=True):
            _, prefix, suffix, plan = block
            blocks.append(block)
            if suffix is not None:
                texts.append(prefix + message.content + suffix)
            elif plan is not None:
                runs = plan.runs(message)
                if runs is None:
                    return None
                texts += runs
        return Laid(blocks, texts)

    def _each(self, messages: Sequence[Message]) -> Iterator[Block]:
        """The blocks of messages that do not depend on each other."""
        known = self._blocks.known
        for index, message in enumerate(messages):
            key = _key(message.__dict__)
            block = known.get(key)
            if block is None:
                factors = message_weights([message], self._train_on)
                frame = self._renderer.frame(message, index, filled=False)
                block = self._block(frame, [message], 0, factors[0], 0.0)
                if block is None:
                    frame = self._renderer.frame(message, index)
                    block = self._whole(frame, [message], 0, factors[0], 0.0)
                elif block.suffix is not None:
                    self._blocks.keep(key, block, block.shape.size)
            yield block

    def _together(self, messages: Sequence[Message]) -> Iterator[Block]:
        """The blocks of any messages."""
        factors, unended = message_weights(messages, self._train_on), 0.0
        frames = self._renderer.frames(messages, filled=False)
        filled: list[Frame] = []
        for index, (frame, factor) in enumerate(zip(frames, factors, strict=True)):
            block = self._block(frame, messages, index, factor, unended)
            if block is None:
                filled = filled or [*self._renderer.frames(messages)]
                block = self._whole(filled[index], messages, index, factor, unended)
            yield block
            unended = factor if frame.is_unended and self._train_end else 0.0

    def _block(
        self, frame: Frame, messages: Sequence[Message], index: int, factor: float, unended: float
    ) -> Block | None:
        """The block of a message; None if its weights depend on its texts.

        ``unended`` is the weight of the end of the previous message, if that has no end token.
        """
        role, following = messages[index].role, _role_after(messages, index)
        shape = self._of(frame, role, following, factor, unended)
        return None if shape is None else Block(shape, frame.prefix, frame.suffix, frame.plan)

    def _whole(
        self, frame: Frame, messages: Sequence[Message], index: int, factor: float, unended: float
    ) -> Block:
        """A block that includes the texts of its message."""
        message = messages[index]
        closed = self._closed(frame, message, index)
        parts = _parts(closed, message.role, _role_after(messages, index))
        return Block(self._made(parts, factor, unended))

    def _of(
        self, frame: Frame, role: str, following: str | None, factor: float, unended: float
    ) -> Shape | None:
        """The shape of a message; None if its weights depend on its texts."""
        changes = frame.goes_on or frame.is_unended
        key = id(frame), factor, unended, role if changes else None, following if changes else None
        found = self._known.known.get(key)
        if found is None:
            parts = _parts(frame, role, following)
            found = (
                frame,
                None if factor and self._mixes(parts) else self._made(parts, factor, unended),
            )
            if frame.plan is not None or frame.suffix is not None:
                self._known.keep(key, found, 0 if found[1] is None else found[1].size)
        return found[1]

    def _mixes(self, parts: _Parts) -> bool:
        """Whether only some of a text is trained."""
        return any(len({self._trains(*kind) for kind in run}) > 1 for run in parts.runs)

    def _made(self, parts: _Parts, factor: float, unended: float) -> Shape:
        # After a message without an end token, everything begins with a special token.
        first, _ = parts.fixed[0]
        ends = unended if first and first[0] in self._stops else 0.0
        pieces = []
        for ids, marks in parts.fixed:
            pieces.append((ids, self._weights(ids, marks, factor, ends)))
            ends = 0.0
        trained = [all(self._trains(*kind) for kind in run) for run in parts.runs]
        return self._shape(pieces, [factor if one else 0.0 for one in trained])

    def _closed(self, frame: Frame, message: Message, index: int) -> Frame:
        """The frame with all ids of the message in its close."""
        if frame.suffix is not None:
            binding = self._renderer.binding
            content = self._renderer.content(frame.text(message), message, index)
            before = begun_before(binding, content, len(frame.prefix.encode()))
            at = len(frame.head)
            middle: list[Mark] = [
                (at, at + before, "header", False),
                (at + before, at + len(content), "content", True),
            ]
            at += len(content)
            end: list[Mark] = [(a + at, b + at, p, g) for a, b, p, g in frame.close_marks]
            ids, marks = [*frame.head, *content, *frame.close], [*frame.head_marks, *middle, *end]
            frame = frame._replace(close=ids, close_marks=marks)
        return frame._replace(head=[], head_marks=[], suffix=None, prefix="", plan=None)

    def _weights(
        self, ids: list[int], marks: Sequence[Mark], factor: float, ends: float
    ) -> list[float]:
        """The weights of constant ids; ``ends`` is that of the first, which may end a message."""
        weights = [0.0] * len(ids)
        weights[:1] = [ends][: len(ids)]
        for start, stop, part, generated in marks:
            if factor and self._trains(part, generated):
                weights[start:stop] = [factor] * (stop - start)
        return weights

    def _trains(self, part: str, generated: bool) -> bool:  # noqa: FBT001 - as a mark has them
        return generated and (self._train_end or part != "end")

    def _shape(
        self, pieces: Sequence[tuple[list[int], list[float]]], factors: list[float]
    ) -> Shape:
        labels = [
            [token if weight else self._ignore_index for token, weight in zip(*piece, strict=True)]
            for piece in pieces
        ]
        return Shape(
            [pack(ids) for ids, _ in pieces],
            [array("i", piece).tobytes() for piece in labels],
            [array("f", weights).tobytes() for _, weights in pieces],
            factors,
            any(any(weights) for _, weights in pieces),
        )


def _role_after(messages: Sequence[Message], index: int) -> str | None:
    return messages[index + 1].role if index + 1 < len(messages) else None


class _Parts(NamedTuple):
    """The parts of a frame."""

    fixed: list[tuple[list[int], list[Mark]]]
    """The ids around the texts, with their marks."""
    runs: list[set[tuple[Part, bool]]]
    """The parts of the message that each text belongs to, and whether they are generated."""


def _parts(frame: Frame, role: str, following: str | None) -> _Parts:
    changes = frame.goes_on or frame.is_unended
    if frame.plan is None:
        if changes:
            frame = frame.in_training(role, following)
        if frame.suffix is None:
            return _Parts([(frame.close, frame.close_marks)], [])
        content: set[tuple[Part, bool]] = {("content", True)}
        if frame.prefix:
            content.add(("header", False))
        around = [(frame.head, frame.head_marks), (frame.close, frame.close_marks)]
        return _Parts(around, [content])
    stretches = frame.plan.stretches
    fixed = [(stretch.ids, stretch.marks) for stretch in stretches]
    ids, marks = frame.plan.last
    if changes:  # the end of a line is after all its texts
        last = frame._replace(close=ids, close_marks=marks).in_training(role, following)
        ids, marks = last.close, last.close_marks
    runs = [{(text.part, text.generated) for text in stretch.run} for stretch in stretches]
    return _Parts([*fixed, (ids, marks)], runs)
