"""What messages of one shape have in common, encoded once: only the texts of fields are left.

A plan writes what `chatfmt.wire.making.FrameMaker.make` writes. What it cannot write it leaves to
that, and so to that to say why.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.errors import RenderError
from chatfmt.line.language import Calls, Literal
from chatfmt.wire.choosing import choose
from chatfmt.wire.frame import HEADER, Frame, Stretch
from chatfmt.wire.refuse import header_length, literal_after, misread
from chatfmt.wire.runs import RunWriter, Text
from chatfmt.wire.spell import Blank, Refused, Written, fill, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.line.language import Next, Special
    from chatfmt.line.words import Word
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.frame import Key, Neighbours
    from chatfmt.wire.making import FrameMaker
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.spell import Atom

__all__ = ["Plan", "make_plan", "shape_of"]

_shape: Callable[[Mapping[str, Any]], Key]
_shape = itemgetter(*HEADER, "call_id", "reasoning", "tools", "content", "tool_calls")


def shape_of(message: Message) -> Key:
    """All that decides how a message is written but the texts of its fields."""
    *header, call_id, reasoning, tools, content, calls = _shape(message.__dict__)
    return *header, call_id is None, reasoning and True, tools is None, not content, len(calls)


class _Check(NamedTuple):
    """That the text of a blank is not read as something else."""

    blank: int
    after: str
    words: Sequence[Word]


class _Planner(RunWriter):
    """Encodes what it is given, but for runs of text that have a blank in them."""

    def __init__(
        self,
        binding: Binding,
        encode: Callable[[str, str], list[int]],
        *,
        generated: bool,
        cuts: bool,
    ) -> None:
        super().__init__(binding, encode, generated=generated, cuts=cuts)
        self.stretches: list[Stretch] = []

    def write(self, atoms: Iterable[Atom | Literal | Blank]) -> None:
        """Like `RunWriter.write`; a blank is an empty text in its run."""
        for atom in atoms:
            if isinstance(atom, Blank):
                self._run.append(Text("", atom.field, self._part, self.generated))
            else:
                super().write([atom])

    def flush(self) -> None:
        """Encode the run that is waiting, or leave it to each message."""
        if all(text.text for text in self._run):
            super().flush()
            return
        self.stretches.append(Stretch(self.ids, self.marks, tuple(self._run)))
        self._run, self.ids, self.marks = [], [], []


def make_plan(
    maker: FrameMaker,
    message: Message,
    before: str | None,
    place: Neighbours | None,
    *,
    continued: bool,
) -> Plan | None:
    """How all messages are written that have the shape of this one, which can be written.

    None where there are few such: where arguments are written one by one.
    """
    line, _ = choose(maker.format, message, None, before)
    lists = [piece for piece in line.pieces if isinstance(piece, Calls)]
    if any(isinstance(piece, Calls) for calls in lists for piece in calls.item):
        return None
    role = maker.format.role_spellings[message.role]
    atoms = [
        Written(fill(atom, message, role, None), atom.field)
        if isinstance(atom, Blank) and atom.piece.name in HEADER
        else atom
        for atom in lay_out(
            maker.pieces(message.role, line, place),
            message,
            maker.fences[message.role],
            prompted=message.role in maker.format.closing,
        )
    ]
    planner = _Planner(
        maker.binding,
        lambda text, field: maker.encode(text, None, field),
        generated=continued,
        cuts=maker.cuts(message.role),
    )
    maker.write(planner, atoms, message.role, line, place)
    going_on = (False, None, False) if place else maker.going_on(message.role, line)
    after: Sequence[Special | Literal | Next] = (Literal(line.tail),)
    if place is not None:
        after = maker.format.envelopes[message.role].close if place.last else ()
    return Plan(planner, atoms, after=after, maker=maker, role=message.role, going_on=going_on)


class Plan:
    """How messages of one shape are written.

    Args:
        planner: what has been given the atoms, and all that comes after them.
        atoms: what `chatfmt.wire.spell.lay_out` gives; what all of the shape have in common has
            been filled in.
        after: what comes after them: the tail, or what closes an envelope.
        maker: what makes frames of the format.
        role: the role of the messages.
        going_on: the last fields of their frames.
    """

    def __init__(
        self,
        planner: _Planner,
        atoms: Sequence[Atom | Blank],
        *,
        after: Sequence[Special | Literal | Next],
        maker: FrameMaker,
        role: str,
        going_on: tuple[bool, int | None, bool],
    ) -> None:
        words = maker.words[role]
        self.atoms, self.after = atoms, after
        self.stretches = planner.stretches
        """What is before each run of text, and the run."""
        self.last = planner.ids, planner.marks
        """The ids after the last run, and their marks."""
        self._role, self._ids = maker.format.role_spellings[role], maker.format.id_shape
        self._going_on = going_on
        self._unfilled = Frame([], [], "", None, [], [], *going_on, self)
        blanks = [(at, atom) for at, atom in enumerate(atoms) if isinstance(atom, Blank)]
        self._blanks = [blank for _, blank in blanks]
        self._checks = [
            _Check(number, literal_after(atoms, at, words[blank.field]), words[blank.field])
            for number, (at, blank) in enumerate(blanks)
            if blank.field in words
        ]
        texts = [text for stretch in self.stretches for text in stretch.run if not text.text]
        self._in_header = [at for at, text in enumerate(texts) if text.part == "header"]
        self._longest = maker.format.longest_header - header_length(atoms)

    @property
    def looks_at_texts(self) -> bool:
        """Whether `is_read_back` may say no."""
        return bool(self._checks or self._in_header or self._longest < 0)

    @property
    def unfilled(self) -> Frame | None:
        """The frame without its ids, for those who encode `runs` themselves.

        None where a message may be a single token: then its ids decide whether it is refused.
        """
        return self._unfilled if self.size > 1 else None

    @property
    def size(self) -> int:
        """How many ids are remembered."""
        return sum(len(stretch.ids) for stretch in self.stretches) + len(self.last[0])

    def texts(self, message: Message) -> list[str] | None:
        """The texts of the blanks in their order; None where one of them is refused."""
        try:
            texts = [fill(blank, message, self._role, self._ids) for blank in self._blanks]
        except Refused:
            return None
        return texts if self.is_read_back(texts) else None

    def runs(self, message: Message) -> list[str] | None:
        """The runs of text of a message of the shape; None where it is refused."""
        found = self.texts(message)
        if found is None:
            return None
        texts = iter(found)
        return [
            "".join([text.text or next(texts) for text in stretch.run])
            for stretch in self.stretches
        ]

    def is_read_back(self, texts: Sequence[str]) -> bool:
        """Whether none of the texts of the blanks is read as something else, or too long."""
        for blank, after, words in self._checks:
            if misread(texts[blank], after, words) is not None:
                return False
        return sum([len(texts[at]) for at in self._in_header]) <= self._longest

    def frame(
        self,
        message: Message,
        writer: RunWriter,
        encode: Callable[[str], list[int]],
        *,
        marks: bool,
    ) -> Frame | None:
        """The frame of a message of the shape; None where it is refused.

        Without ``marks`` it has none.
        """
        ids, last_marks = self.last
        try:
            if marks:
                found = self.texts(message)
                if found is None:
                    return None
                texts = iter(found)
                for before, of_them, run in self.stretches:
                    writer.take(before, of_them)
                    writer.encode(t if t.text else t._replace(text=next(texts)) for t in run)
                writer.take(ids, last_marks)
                return self._framed(writer.ids, writer.marks)
            runs = self.runs(message)
            if runs is None:
                return None
            written: list[int] = []
            for stretch, text in zip(self.stretches, runs, strict=True):
                written += stretch.ids
                written += encode(text)
        except RenderError:
            return None
        return self._framed(written + ids, [])

    def _framed(self, ids: list[int], marks: list[Mark]) -> Frame:
        return Frame([], [], "", None, ids, marks, *self._going_on, self)
