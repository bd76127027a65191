"""Makes frames: a line is chosen, spelled, checked and encoded."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.guard import find_endless_run
from chatfmt.errors import RenderError, shown
from chatfmt.line.language import Field, GenerationStart, Literal, Special
from chatfmt.wire.choosing import choose
from chatfmt.wire.frame import HEADER, Frame, Neighbours
from chatfmt.wire.refuse import find_misread, header_length
from chatfmt.wire.runs import RunWriter
from chatfmt.wire.spell import Refused, Written, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.conversation import Message
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.schemas import ArgumentTypes
    from chatfmt.wire.spell import Atom

__all__ = ["FrameMaker", "is_content"]


class FrameMaker:
    """Makes frames, for one format in one encoding."""

    def __init__(self, binding: Binding, types: ArgumentTypes = MappingProxyType({})) -> None:
        self.binding = binding
        self._types = types
        self.format = binding.format
        self.words = {role: self.format.machine.words_of(role) for role in self.format.lines_of}
        """The words that fields of a role never contain; if there are any, each text is checked."""
        self.fences = {
            role: {field: {word.text for word in some} for field, some in words.items()}
            for role, words in self.words.items()
        }
        self._with_ids = {
            role
            for role, lines in self.format.lines_of.items()
            if any("call_id" in line.fields for line in lines)
        }
        """Roles whose messages have the id of a call in their header."""

    def make(
        self, message: Message, index: int | None, before: str | None, *, continued: bool
    ) -> tuple[Frame, bool]:
        """The frame of a message outside envelopes, and whether it is worth remembering."""
        line, by_content = choose(self.format, message, index, before)
        atoms = self.spelled(line.pieces, message, index)
        if not any(isinstance(a, Special) or (isinstance(a, Written) and a.text) for a in atoms):
            reason = "an empty message of this role would leave no trace; leave the message out"
            raise self.error(reason, index, "content")
        going_on = self.going_on(message.role, line)
        if by_content or not self._is_plain(message, line):
            close = self.writer(index, message.role, generated=continued)
            self.write(close, atoms, message.role, line)
            return Frame([], [], "", None, close.ids, close.marks, *going_on), False
        at = next(i for i, atom in enumerate(atoms) if is_content(atom))
        first, after = atoms[:at], atoms[at + 1 :]
        prefix = suffix = ""
        while first and not self.cuts(message.role) and not isinstance(first[-1], Special):
            piece = first.pop()
            prefix = piece.text + prefix if isinstance(piece, Written) else prefix
        while after and isinstance(piece := after[0], Written):
            suffix += piece.text
            del after[0]
        head = self.writer(index, message.role, generated=continued)
        head.write(first)
        head.flush()
        close = self.writer(index, message.role, generated=True)
        self.write(close, after, message.role, line)
        around = (head.ids, head.marks, prefix, suffix, close.ids, close.marks)
        return Frame(*around, *going_on), True

    def cuts(self, role: str) -> bool:
        """Whether text is cut where a model that speaks in this role begins to write."""
        return role in self.format.prompted

    def write(
        self,
        writer: RunWriter,
        atoms: Iterable[Any],
        role: str,
        line: Line,
        place: Neighbours | None = None,
    ) -> None:
        """Write a line, and what follows it: the tail, or the end of an envelope."""
        writer.write(atoms)
        if place is None:
            writer.flush()
            writer.generated = False
            writer.write(["tail", Literal(line.tail)] if line.tail else [])
        elif place.last:
            self.close(writer, role)
        writer.flush()

    def whole(self, message: Message, index: int | None, place: Neighbours) -> Frame:
        """A message in its envelope."""
        line, _ = choose(self.format, message, index, None)
        atoms = self.spelled(self.pieces(message.role, line, place), message, index)
        writer = self.writer(index, message.role, generated=False)
        self.write(writer, atoms, message.role, line, place)
        return Frame([], [], "", None, writer.ids, writer.marks, goes_on=False)

    def pieces(self, role: str, line: Line, place: Neighbours | None) -> tuple[Piece, ...]:
        """The pieces of a line, after those that open an envelope."""
        if place is None:
            return line.pieces
        envelope = self.format.envelopes[role]
        return (*(envelope.open if place.first else envelope.sep), *line.pieces)

    def going_on(self, role: str, line: Line) -> tuple[bool, int | None, bool]:
        """The last fields of a frame, which describe its end."""
        may = bool(line.ends) and role in self.format.prompted
        end = None if line.training_end is None else self.binding.ids[line.training_end]
        goes_on = may and not self.format.stops_at(line.ends[0])
        return goes_on, end, role in self.format.unended

    def close(self, writer: RunWriter, role: str) -> None:
        """Close the envelope of a role."""
        for piece in self.format.envelopes[role].close:
            if isinstance(piece, Special):
                writer.write(["end" if piece.end else "header", piece])
                if piece.end:
                    writer.write(["tail"])
            elif isinstance(piece, Literal):
                writer.write([piece])

    def _is_plain(self, message: Message, line: Line) -> bool:
        """Whether only the content could change what is around it."""
        return (
            message.reasoning is None
            and message.tools is None
            and not message.tool_calls
            and not self.words[message.role]
            and message.role not in self._with_ids
            and any(isinstance(piece, Special) for piece in line.pieces)
            and (self.cuts(message.role) or not _writes_before_content(line.pieces))
            and any(
                isinstance(piece, Field) and piece.name == "content" and piece.coder is None
                for piece in line.pieces
            )
        )

    def spelled(self, pieces: Iterable[Piece], message: Message, index: int | None) -> list[Atom]:
        """The text of the pieces, if none of it would be read as something else."""
        try:
            spelling = self.format.role_spellings[message.role]
            fences = self.fences[message.role]
            atoms = spell(
                pieces,
                message,
                spelling,
                self.format.id_shape,
                fences,
                types=self._types,
                prompted=message.role in self.format.closing,
            )
        except Refused as refused:
            raise self.error(refused.reason, index, refused.field) from None
        if words := self.words[message.role]:
            misread = find_misread(atoms, words)
            if misread is not None:
                raise self.error(
                    f"at offset {misread.offset} this would be read as structure: "
                    f"{shown(misread.word)}; leave it out, or put other text in between",
                    index,
                    misread.field,
                )
        length, longest = header_length(atoms), self.format.longest_header
        if length > longest:
            raise self.error(
                f"the header would have {length:,} characters; expected at most {longest:,}",
                index,
                max(HEADER, key=lambda name: len(getattr(message, name) or "")),
            )
        return atoms

    def writer(self, index: int | None, role: str, *, generated: bool) -> RunWriter:
        """The writer that makes ids of a message's pieces."""
        return RunWriter(
            self.binding,
            lambda text, field: self.encode(text, index, field),
            generated=generated,
            cuts=self.cuts(role),
        )

    def encode(self, text: str, index: int | None, field: str = "content") -> list[int]:
        """The ids of a run of text.

        Raises:
            RenderError: it has no UTF-8 form, or a run that is too long to be encoded.
        """
        longest = self.binding.capabilities.longest_run
        if longest is not None and len(text) > longest:
            self._refuse_endless_run(text, longest, index, field)
        try:
            return self.binding.encoding.encode_ordinary(text)
        except UnicodeEncodeError as error:
            found = f"U+{ord(error.object[error.start]):04X} at offset {error.start}"
            reason = f"the lone surrogate {found} has no UTF-8 form"
            raise self.error(reason, index, field) from None

    def _refuse_endless_run(self, text: str, longest: int, index: int | None, field: str) -> None:
        offset = find_endless_run(text, longest)
        if offset is not None:
            raise self.error(
                f"more than {longest:,} characters without a break from offset {offset} on; "
                "an encoder takes minutes for such a run, or fails: break it up or leave it out",
                index,
                field,
            )

    def error(self, reason: str, index: int | None, field: str) -> RenderError:
        """The error for a message that the format cannot carry."""
        return RenderError(reason, self.format.name, index, field)


def _writes_before_content(pieces: Sequence[Piece]) -> bool:
    """Whether the model may write text before the content without a token before that."""
    after = next((i + 1 for i, piece in enumerate(pieces) if piece == GenerationStart()), None)
    if after is None:  # it is in a group
        return True
    piece = pieces[after]
    return not isinstance(piece, Special) and not (
        isinstance(piece, Field) and piece.name == "content"
    )


def is_content(atom: Atom) -> bool:
    """Whether this is the content of the message."""
    return isinstance(atom, Written) and atom.field == "content"
