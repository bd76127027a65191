"""The frames of messages, and how much of them is remembered."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatfmt.errors import ChatfmtError
from chatfmt.wire.choosing import choose
from chatfmt.wire.frame import HEADER, Frame, Key, Neighbours, key_of, size_of
from chatfmt.wire.kept import Kept
from chatfmt.wire.making import FrameMaker, is_content
from chatfmt.wire.plans import Plan, make_plan, shape_of
from chatfmt.wire.trained import is_bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.conversation import Message
    from chatfmt.line.lines import Line
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.schemas import ArgumentTypes

__all__ = ["Frames"]


class Frames:
    """The frames of one format in one encoding."""

    def __init__(self, binding: Binding, types: ArgumentTypes = MappingProxyType({})) -> None:
        self.format = binding.format
        self.maker = FrameMaker(binding, types)
        self.known: Kept[Key, Frame] = Kept()
        self._continued: Kept[Key, Frame] = Kept()
        self._placed: dict[str | None, Kept[Key, Frame]] = defaultdict(Kept)
        """By the role before them, the frames of messages for which that matters."""
        self._plans: Kept[Key, Plan] = Kept()
        self._goes_on = any(
            not self.format.stops_at(line.ends[0]) for line in self.format.lines if line.ends
        )
        self._binding = binding
        self.stands_alone = not (self.format.envelopes or self.format.placed or self.format.unended)
        """Whether a message is written the same whatever is around it."""
        self.by_itself = self.stands_alone and not self._goes_on
        """Whether its trained ids are the same, too, whatever is around it."""

    def all(
        self,
        messages: Sequence[Message],
        first: int = 0,
        continues: str | None = None,
        *,
        before: str | None = None,
        within: str | None = None,
        close: bool = True,
        marks: bool = True,
        prompts: bool = False,
        filled: bool = True,
    ) -> Iterator[Frame]:
        """The frame of each message.

        Args:
            messages: the messages.
            first: index of the first.
            before: the role of the message before them; None if they begin the conversation.
            continues: the role that has ended a message and can continue with another.
            within: the role whose envelope is open before them.
            close: whether to close the envelope of the last message.
            marks: whether the frames need to have all marks.
            prompts: whether a prompt follows.
            filled: whether a frame that has a plan needs its ids. Without them, no one has looked
                at the texts: see `chatfmt.wire.plans.Plan.runs`.

        Raises:
            RenderError: the format cannot carry one of them.
        """
        answered = None
        known, envelopes = self.known.known.get, self.format.envelopes
        placed = self.format.placed
        for index, message in enumerate(messages, first):
            if envelopes and message.role in envelopes:
                at = index - first
                inside = messages[at - 1].role if at else within
                after = messages[at + 1].role if at + 1 < len(messages) else None
                last = close if after is None else after != message.role
                place = Neighbours(inside != message.role, last)
                frame = self._planned(message, index, None, place, marks=marks, filled=filled)
            elif continues is not None and continues == message.role:
                frame = self.one(message, index, before, continued=True, filled=filled)
            elif message.role in placed:
                frame = self.one(message, index, before, marks=marks, filled=filled)
            else:
                frame = known(key_of(message.__dict__)) or self.one(
                    message, index, marks=marks, filled=filled
                )
            yield frame
            answered, before = before, message.role
            if self._goes_on:
                continues = message.role if frame.goes_on else None
        if answered in self.format.unended and not prompts:
            self._check_last(messages[-1], frame, first + len(messages) - 1)

    def _check_last(self, message: Message, frame: Frame, index: int) -> None:
        if not message.content and is_bare(self._binding, frame):
            reason = "nothing tells an empty message of this role from the end of the one before"
            raise self.maker.error(f"{reason}; leave it out", index, "content")

    def one(
        self,
        message: Message,
        index: int | None,
        before: str | None = None,
        *,
        continued: bool = False,
        marks: bool = True,
        filled: bool = True,
    ) -> Frame:
        """The frame of this message, after one of role ``before``.

        Without ``marks`` it may have none; ``filled`` as for `all`.
        ``continued``: the model wrote the header itself, after an end token that let it continue.

        Raises:
            RenderError: the format cannot carry the message.
        """
        kept = self._kept(message.role, before, continued=continued)
        frame = None if message.tool_calls else kept.known.get(key_of(message.__dict__))
        return frame or self._planned(
            message, index, before, continued=continued, marks=marks, filled=filled
        )

    def _kept(self, role: str, before: str | None, *, continued: bool) -> Kept[Key, Frame]:
        if continued:
            return self._continued
        return self._placed[before] if role in self.format.placed else self.known

    def _planned(
        self,
        message: Message,
        index: int | None,
        before: str | None,
        place: Neighbours | None = None,
        *,
        continued: bool = False,
        marks: bool,
        filled: bool,
    ) -> Frame:
        """The frame by the plan of its shape, if that is known; otherwise made directly."""
        maker = self.maker
        before = before if message.role in self.format.placed else None
        shape = (*shape_of(message), continued, before, place)
        plan = self._plans.known.get(shape)
        if plan is not None and not filled and plan.unfilled:
            return plan.unfilled
        if plan is not None:
            writer = maker.writer(index, message.role, generated=continued)
            frame = plan.frame(message, writer, lambda text: maker.encode(text, index), marks=marks)
            if frame is not None:
                return frame
        if place is not None:
            frame, keep = maker.whole(message, index, place), False
        else:
            frame, keep = maker.make(message, index, before, continued=continued)
        if keep:
            key = key_of(message.__dict__)
            kept = self._kept(message.role, before, continued=continued)
            kept.keep(key, frame, size_of(key, frame))
        elif plan is None and (
            plan := make_plan(maker, message, before, place, continued=continued)
        ):
            header = sum(len(getattr(message, field) or "") for field in HEADER)
            self._plans.keep(shape, plan, plan.size + header)
        return frame

    def opening(self, message: Message, index: int | None, before: str | None = None) -> list[int]:
        """The ids of a message up to the end of its content, left open for a model to continue.

        Raises:
            RenderError: the format cannot carry it, or its last part is not the content.
        """
        line, _ = choose(self.format, message, index, before)
        return self.opening_of(line, message, index)

    def opening_of(self, line: Line, message: Message, index: int | None) -> list[int]:
        """The same, in this line.

        Raises:
            RenderError: as for `opening`.
        """
        atoms = self.maker.spelled(line.pieces, message, index)
        at = next((i for i, atom in enumerate(atoms) if is_content(atom)), None)
        if at is None or message.tool_calls or message.role in self.format.envelopes:
            raise self.maker.error("such a message has no content to continue", index, "content")
        writer = self.maker.writer(index, message.role, generated=False)
        writer.write(atoms[: at + 1])
        writer.flush()
        return writer.ids

    def content(self, text: str, message: Message, index: int) -> list[int]:
        """The ids of a content together with the literal text around it.

        Raises:
            RenderError, EncodingError: it cannot be encoded; offsets count from where it begins.
        """
        try:
            return self.maker.encode(text, index)
        except ChatfmtError as error:
            refused = error
        self.maker.encode(message.content, index)
        raise refused

    def close_envelope(self, role: str) -> tuple[list[int], list[Mark]]:
        """The ids that close the envelope of a role, and their marks."""
        writer = self.maker.writer(None, role, generated=False)
        self.maker.close(writer, role)
        writer.flush()
        return writer.ids, writer.marks
