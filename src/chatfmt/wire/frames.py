"""What stands around the content of a message, and how much of it is remembered."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from chatfmt.encodings.guard import LONGEST_RUN, find_endless_run
from chatfmt.errors import RenderError, shown
from chatfmt.line.choose import mismatch
from chatfmt.line.language import Field, Literal, Special
from chatfmt.wire.kept import Kept
from chatfmt.wire.refuse import find_misread
from chatfmt.wire.runs import RunWriter
from chatfmt.wire.spell import Refused, Written, spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.spell import Atom

__all__ = ["FRAME_FIELDS", "Frame", "Frames", "Key", "key_of", "size_of"]

_HEADER = ("role", "name", "recipient", "channel", "content_type")
FRAME_FIELDS = (*_HEADER, "reasoning", "tools", "tool_calls")
"""What decides a message's frame."""

Key: TypeAlias = "tuple[Any, ...]"
key_of: Callable[[Mapping[str, Any]], Key] = itemgetter(*FRAME_FIELDS)
"""Those fields out of a message's ``__dict__``, which is faster than eight attributes."""


class Frame(NamedTuple):
    """What stands around the content; the marks tile the ids."""

    head: list[int]
    head_marks: list[Mark]
    prefix: str
    """Literal text of the header before the content, encoded as one with it; the model does not
    write it."""
    suffix: str | None
    """Literal text after the content, encoded as one with it; None where all of the message, its
    content too, is in ``close``."""
    close: list[int]
    close_marks: list[Mark]
    goes_on: bool
    """Whether its end lets the model go on with another message."""
    training_end: int | None = None
    """The end token that stands there in training, where no message follows."""

    def text(self, message: Message) -> str:
        """The text between head and close."""
        return "" if self.suffix is None else self.prefix + message.content + self.suffix

    def in_training(self, role: str, following: str | None) -> Frame:
        """The frame in a sequence to train on, of a message in this role.

        Where nothing follows, the model is to stop; where it does not go on itself, an end that
        does not stop it is not trained.
        """
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


class _Place(NamedTuple):
    """Where a message stands among others of its role, in an envelope."""

    first: bool
    last: bool


def size_of(key: Key, frame: Frame) -> int:
    """How many ids and characters a frame and its key are."""
    return len(frame.head) + len(frame.close) + sum(len(field) for field in key if field)


class Frames:
    """Makes frames, for one format in one encoding."""

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.format = binding.format
        self.known: Kept[Key, Frame] = Kept()
        self._continued: Kept[Key, Frame] = Kept()
        self._words = {role: self.format.machine.words_of(role) for role in self.format.lines_of}
        """What the fields of a role never hold: where there are such, each text is checked."""
        self._with_ids = {
            role
            for role, lines in self.format.lines_of.items()
            if any("call_id" in line.fields for line in lines)
        }
        """Roles whose messages have the id of a call in their header."""
        self._goes_on = any(
            not self.format.stops_at(line.ends[0]) for line in self.format.lines if line.ends
        )
        self.by_itself = not (self._goes_on or self.format.envelopes)
        """Whether a frame follows from its message alone, whatever stands before and after it."""

    def all(
        self,
        messages: Sequence[Message],
        first: int = 0,
        continues: str | None = None,
        *,
        within: str | None = None,
        close: bool = True,
    ) -> Iterator[Frame]:
        """The frame of each message.

        Args:
            messages: the messages.
            first: index of the first.
            continues: the role that has ended a message before and may go on with another.
            within: the role whose envelope is open before them.
            close: whether an envelope is closed in which the last one stands.
        """
        known, envelopes = self.known.known.get, self.format.envelopes
        for index, message in enumerate(messages, first):
            if envelopes and message.role in envelopes:
                at = index - first
                before = messages[at - 1].role if at else within
                after = messages[at + 1].role if at + 1 < len(messages) else None
                last = close if after is None else after != message.role
                place = _Place(before != message.role, last)
                frame = self._whole(message, index, place)
            elif continues is not None and continues == message.role:
                frame = self.one(message, index, continued=True)
            else:
                frame = known(key_of(message.__dict__)) or self.one(message, index)
            yield frame
            if self._goes_on:
                continues = message.role if frame.goes_on else None

    def one(self, message: Message, index: int | None, *, continued: bool = False) -> Frame:
        """The frame of this message.

        ``continued``: the model wrote the header itself, after an end token that let it go on.

        Raises:
            RenderError: the format cannot carry the message.
        """
        kept = self._continued if continued else self.known
        key = key_of(message.__dict__)
        frame = kept.known.get(key)
        if frame is None:
            frame, keep = self._make(message, index, continued=continued)
            if keep:
                kept.keep(key, frame, size_of(key, frame))
        return frame

    def is_kept(self, message: Message) -> bool:
        """Whether its frame was worth keeping, and is the same for every content."""
        return key_of(message.__dict__) in self.known.known

    def opening(self, message: Message, index: int | None) -> list[int]:
        """The ids of a message up to the end of its content, left open for a model to continue.

        Raises:
            RenderError: the format cannot carry it, or content is not what comes last in it.
        """
        line, _ = self._choose(message, index)
        atoms = self._spelled(line.pieces, message, index)
        at = next((i for i, atom in enumerate(atoms) if _is_content(atom)), None)
        if at is None or message.tool_calls or message.role in self.format.envelopes:
            raise self.error("such a message has no content to continue", index, "content")
        writer = self._writer(index, message.role, generated=False)
        writer.write(atoms[: at + 1])
        writer.flush()
        return writer.ids

    # -- how one is made -------------------------------------------------------------------------

    def _make(self, message: Message, index: int | None, *, continued: bool) -> tuple[Frame, bool]:
        line, by_content = self._choose(message, index)
        atoms = self._spelled(line.pieces, message, index)
        may_go_on = bool(line.ends) and self._cuts(message.role)
        goes_on = may_go_on and not self.format.stops_at(line.ends[0])
        end = None if line.training_end is None else self.binding.ids[line.training_end]
        if by_content or not self._is_plain(message, line):
            close = self._writer(index, message.role, generated=continued)
            close.write(atoms)
            self._end(close, line.tail)
            return Frame([], [], "", None, close.ids, close.marks, goes_on, end), False
        at = next(i for i, atom in enumerate(atoms) if _is_content(atom))
        before, after = atoms[:at], atoms[at + 1 :]
        prefix = suffix = ""
        while before and not self._cuts(message.role) and not isinstance(before[-1], Special):
            piece = before.pop()
            prefix = piece.text + prefix if isinstance(piece, Written) else prefix
        while isinstance(piece := after[0], Written):
            suffix += piece.text
            del after[0]
        head = self._writer(index, message.role, generated=continued)
        head.write(before)
        head.flush()
        close = self._writer(index, message.role, generated=True)
        close.write(after)
        self._end(close, line.tail)
        frame = Frame(head.ids, head.marks, prefix, suffix, close.ids, close.marks, goes_on, end)
        return frame, True

    def _cuts(self, role: str) -> bool:
        """Whether text is cut where a model that speaks in this role begins to write."""
        return role in self.format.prompted

    def _end(self, writer: RunWriter, tail: str) -> None:
        writer.flush()
        writer.generated = False
        writer.write(["tail", Literal(tail)] if tail else [])
        writer.flush()

    def _whole(self, message: Message, index: int | None, place: _Place) -> Frame:
        """A message in its envelope."""
        envelope = self.format.envelopes[message.role]
        line, _ = self._choose(message, index)
        opened = envelope.open if place.first else envelope.sep
        atoms = self._spelled((*opened, *line.pieces), message, index)
        writer = self._writer(index, message.role, generated=False)
        writer.write(atoms)
        if place.last:
            self._close(writer, envelope.close)
        writer.flush()
        return Frame([], [], "", None, writer.ids, writer.marks, goes_on=False)

    def _close(self, writer: RunWriter, pieces: Iterable[Special | Literal]) -> None:
        """Close an envelope."""
        for piece in pieces:
            if isinstance(piece, Special):
                writer.write(["end" if piece.end else "header", piece])
                if piece.end:
                    writer.write(["tail"])
            else:
                writer.write([piece])

    def close_envelope(self, role: str) -> tuple[list[int], list[Mark]]:
        """The ids that close the envelope of a role, and their marks."""
        writer = self._writer(None, role, generated=False)
        self._close(writer, self.format.envelopes[role].close)
        writer.flush()
        return writer.ids, writer.marks

    def _is_plain(self, message: Message, line: Line) -> bool:
        """Whether nothing but the content could make a difference to what is around it."""
        return (
            message.reasoning is None
            and message.tools is None
            and not message.tool_calls
            and not self._words[message.role]
            and message.role not in self._with_ids
            and any(
                isinstance(piece, Field) and piece.name == "content" and piece.coder is None
                for piece in line.pieces
            )
        )

    def _choose(self, message: Message, index: int | None) -> tuple[Line, bool]:
        """The first line that is for the message, and whether the content had a say in it."""
        reasons: list[tuple[str, str]] = []
        for line in self.lines(message.role, index):
            found = mismatch(line, message)
            if found is None:
                return line, any(field == "content" for _, field in reasons)
            reasons.append(found)
        reason, field = reasons[0]
        if len(reasons) > 1:
            reason = "no line of this role is for such a message: " + "; ".join(
                dict.fromkeys(why for why, _ in reasons)
            )
        raise self.error(reason, index, field)

    def lines(self, role: str, index: int | None) -> tuple[Line, ...]:
        """The lines of a role.

        Raises:
            RenderError: there is no such role.
        """
        lines = self.format.lines_of.get(role)
        if lines is None:
            known = ", ".join(self.format.lines_of)
            raise self.error(f"unknown role {shown(role)}; there are {known}", index, "role")
        return lines

    def _spelled(self, pieces: Iterable[Piece], message: Message, index: int | None) -> list[Atom]:
        """What the pieces write, where nothing of it would be read as something else."""
        try:
            spelling = self.format.role_spellings[message.role]
            atoms = spell(pieces, message, spelling, self.format.id_shape)
        except Refused as refused:
            raise self.error(refused.reason, index, refused.field) from None
        if words := self._words[message.role]:
            misread = find_misread(atoms, words)
            if misread is not None:
                raise self.error(
                    f"at offset {misread.offset} this would be read as structure: "
                    f"{shown(misread.word)}; leave it out, or put something between",
                    index,
                    misread.field,
                )
        length, longest = _header_length(atoms), self.format.longest_header
        if length > longest:
            raise self.error(
                f"the header would have {length:,} characters; expected at most {longest:,}",
                index,
                max(_HEADER, key=lambda name: len(getattr(message, name) or "")),
            )
        return atoms

    def _writer(self, index: int | None, role: str, *, generated: bool) -> RunWriter:
        return RunWriter(
            self.binding,
            lambda text, field: self.encode(text, index, field),
            generated=generated,
            cuts=self._cuts(role),
        )

    def encode(self, text: str, index: int | None, field: str = "content") -> list[int]:
        """The ids of a run of text.

        Raises:
            RenderError: it has no UTF-8 form, or a run that is too long to be encoded.
        """
        if len(text) > LONGEST_RUN:
            self._refuse_endless_run(text, index, field)
        try:
            return self.binding.encoding.encode_ordinary(text)
        except UnicodeEncodeError as error:
            found = f"U+{ord(error.object[error.start]):04X} at offset {error.start}"
            reason = f"the lone surrogate {found} has no UTF-8 form"
            raise self.error(reason, index, field) from None

    def _refuse_endless_run(self, text: str, index: int | None, field: str) -> None:
        offset = find_endless_run(text)
        if offset is not None:
            raise self.error(
                f"more than {LONGEST_RUN:,} characters without a break from offset {offset} on; "
                "an encoder takes minutes for such a run, or fails: break it up or leave it out",
                index,
                field,
            )

    def error(self, reason: str, index: int | None, field: str) -> RenderError:
        """That the format cannot carry something."""
        return RenderError(reason, self.format.name, index, field)


def _is_content(atom: Atom) -> bool:
    return isinstance(atom, Written) and atom.field == "content"


def _header_length(atoms: Iterable[Atom]) -> int:
    """How many characters of text a header has; what follows free text is not among them."""
    length, part = 0, "header"
    for atom in atoms:
        if isinstance(atom, str):
            part = atom
        elif isinstance(atom, Written) and part == "header":
            length += len(atom.text)
    return length
