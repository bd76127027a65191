"""A kind of units: which special tokens they have, and which texts between these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.conversation import Message
from chatfmt.line.calls import CallObject, parts_of_call
from chatfmt.line.coders import CODERS
from chatfmt.line.jsontext import CodeError, decoder
from chatfmt.line.language import Literal, Special
from chatfmt.wire.frame import HEADER
from chatfmt.wire.plans import shape_of
from chatfmt.wire.spell import Blank, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatfmt.line.call_ids import CallIds
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.frame import Key
    from chatfmt.wire.plans import Plan

__all__ = ["Kind"]

# `Message.model_validate` would try to read what is refused in other ways, and takes twice as long.
_validated: Callable[[object], Message] = Message.__pydantic_validator__.validate_python


class _Slot(NamedTuple):
    """A blank, the literal text after it, and what is known of both from the first."""

    number: int
    """Of its message in the unit."""
    blank: Blank
    after: str = ""

    @property
    def reader(self) -> _Reader:
        """What reads it."""
        piece = self.blank.piece
        call = piece.scanner if isinstance(piece.scanner, CallObject) else None
        coder = None if piece.coder is None or call else CODERS[piece.coder]
        of_call = self.blank.call is not None
        return _Reader(
            self.number,
            call,
            coder.read if coder and not coder.checks_only else None,
            piece.name.removeprefix("call.") if of_call else piece.name,
            of_call,
            self.blank.begins,
        )


class _Reader(NamedTuple):
    """How a blank is read."""

    number: int
    """Of its message in the unit."""
    call: CallObject | None
    """What a call looks like, if the blank is one."""
    value: Callable[[str], str] | None
    """What reads a value that does not stand as it is; what does is checked when all is read."""
    name: str
    """The field, of the message or of a call."""
    of_call: bool
    begins: bool
    """Whether a call begins with it."""

    def put(self, text: str, fields: dict[str, Any], ids: CallIds | None) -> bool:
        """Put what the blank spells where it belongs, if it spells anything."""
        if self.call is not None:
            call = parts_of_call(text, self.call)
            fields["tool_calls"].append(call)
            return call is not None
        try:
            value = text if self.value is None else self.value(text)
        except CodeError:
            return False
        if not self.of_call:
            fields[self.name] = value
            return True
        calls = fields["tool_calls"]
        if self.begins:
            calls.append({})
        calls[-1][self.name] = value
        if ids is not None and self.name == "id":
            calls[-1]["name"] = ids.name_in(value)
        return True


class _Gap(NamedTuple):
    """The text between two special tokens."""

    before: str
    """Literal text with which it begins."""
    blanks: list[_Slot]


class Kind(NamedTuple):
    """How units of one kind are read."""

    key: tuple[str, str | None]
    """Their special tokens, and the text after the first if that is always the same."""
    gaps: list[_Gap]
    """Before the first special token, and after each but the last."""
    fixed: list[int]
    """The numbers of the gaps that are always the same."""
    literals: list[str]
    """Their texts."""
    filled: list[tuple[int, _Gap, list[_Reader]]]
    """The number of each gap that has blanks, the gap, and what reads these."""
    spelled: frozenset[int]
    """The numbers of messages of which a field may not stand as it is."""
    tail: str
    """The text after the last."""
    enveloped: bool
    """Whether they are envelopes: of these the tail is never left out."""
    shapes: list[Key]
    plans: list[Plan]
    headers: list[dict[str, str]]
    """The fields of each message that all of its shape have in common."""
    ids: CallIds | None
    """What ids of calls look like."""

    @classmethod
    def of(cls, unit: Sequence[Message], plans: Sequence[Plan], binding: Binding) -> Kind | None:
        """The kind of a unit; None where nothing but their text tells where two fields part."""
        gaps = [_Gap("", [])]
        signature = ""
        for number, plan in enumerate(plans):
            for atom in (*plan.atoms, *plan.after):
                before, blanks = gaps[-1]
                if isinstance(atom, Special):
                    signature += chr(binding.ids[atom.tokens[0]])
                    gaps.append(_Gap("", []))
                elif isinstance(atom, Blank):
                    if blanks and not blanks[-1].after:
                        return None
                    blanks.append(_Slot(number, atom))
                elif isinstance(atom, Written | Literal) and blanks:
                    blanks[-1] = blanks[-1]._replace(after=blanks[-1].after + atom.text)
                elif isinstance(atom, Written | Literal):
                    gaps[-1] = _Gap(before + atom.text, blanks)
        *gaps, last = gaps
        first = gaps[min(1, len(gaps) - 1)]
        return cls(
            (signature, None if first.blanks else first.before),
            gaps,
            [at for at, gap in enumerate(gaps) if not gap.blanks],
            [gap.before for gap in gaps if not gap.blanks],
            [
                (at, gap, [slot.reader for slot in gap.blanks])
                for at, gap in enumerate(gaps)
                if gap.blanks
            ],
            frozenset(at for at, plan in enumerate(plans) if not plan.is_verbatim),
            last.before,
            unit[0].role in binding.format.envelopes,
            [*map(shape_of, unit)],
            [*plans],
            [{n: v for n in HEADER if (v := getattr(each, n)) is not None} for each in unit],
            binding.format.id_shape,
        )

    @property
    def size(self) -> int:
        """How many ids and characters are remembered."""
        literal = sum(
            len(before) + sum(len(slot.after) for slot in blanks) for before, blanks in self.gaps
        )
        return sum(plan.size for plan in self.plans) + literal + len(self.key[0])

    def read(self, texts: Sequence[str]) -> list[Message] | None:
        """The messages, if the writer would write these texts for them."""
        if [texts[at] for at in self.fixed] != self.literals:
            return None
        found: dict[int, list[str]] = {number: [] for number in self.spelled}
        fields: list[dict[str, Any]] = [{**header, "tool_calls": []} for header in self.headers]
        for at, gap, readers in self.filled:
            values = _split(gap, texts[at])
            if values is None:
                return None
            for reader, value in zip(readers, values, strict=True):
                number = reader.number
                if number not in found:
                    fields[number][reader.name] = value
                    continue
                found[number].append(value)
                if not reader.put(value, fields[number], self.ids):
                    return None
        messages = [_validated(each) for each in fields]
        if [*map(shape_of, messages)] != self.shapes:
            return None
        for number, given in found.items():
            if self.plans[number].texts(messages[number]) != given:
                return None
        return messages


def _split(gap: _Gap, text: str) -> Sequence[str] | None:
    """The texts of the blanks in a gap, if it may be written like this."""
    before, blanks = gap
    *others, last = blanks
    if not text.startswith(before):
        return None
    values = []
    at = len(before)
    for slot in others:
        stop = _end_of(slot.blank, text, at, slot.after)
        if stop < at or not text.startswith(slot.after, stop):
            return None
        values.append(text[at:stop])
        at = stop + len(slot.after)
    stop = len(text) - len(last.after)
    if stop < at or not text.endswith(last.after):
        return None
    values.append(text[at:stop])
    return values


def _end_of(blank: Blank, text: str, at: int, literal: str) -> int:
    """Where a blank ends before literal text and more; -1 if it does not."""
    if blank.piece.scanner is None:
        return text.find(literal, at)
    try:
        return decoder().raw_decode(text, at)[1]
    except ValueError:
        return -1
