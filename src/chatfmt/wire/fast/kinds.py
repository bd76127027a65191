"""A kind of units: its special tokens, and the texts between these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.line.jsontext import decoder
from chatfmt.line.language import Literal, Special
from chatfmt.wire.fast.blanks import Where, reader_of
from chatfmt.wire.frame import HEADER
from chatfmt.wire.plans import shape_of
from chatfmt.wire.spell import Blank, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.line.call_ids import CallIds
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.fast.blanks import Reader
    from chatfmt.wire.frame import Key
    from chatfmt.wire.plans import Plan

__all__ = ["Kind"]

_MESSAGE, _CALL, _LAST_CALL = Where.MESSAGE, Where.CALL, Where.LAST_CALL


class _Slot(NamedTuple):
    """A blank, and the literal text after it."""

    number: int
    """The number of its message in the unit."""
    blank: Blank
    after: str = ""


class _Gap(NamedTuple):
    """The text between two special tokens."""

    before: str
    """Literal text at its beginning."""
    blanks: list[_Slot]


class _Filled(NamedTuple):
    """A gap with blanks."""

    at: int
    """Its number."""
    before: str
    """The literal text before the first blank."""
    after: str
    """The literal text after the last."""
    several: _Gap | None
    """The gap, if it has more than one blank."""


class Kind(NamedTuple):
    """Reads units of one kind."""

    key: tuple[str, str | None]
    """Their special tokens, and the text after the first if that is always the same."""
    gaps: list[_Gap]
    """Before the first special token, and after each but the last."""
    fixed: list[int]
    """The numbers of the gaps that are always the same."""
    literals: list[str]
    """Their texts."""
    filled: list[_Filled]
    """The other gaps."""
    readers: list[Reader]
    """The readers of the blanks."""
    checks: list[tuple[Plan, int, int]]
    """Plans that check texts, and the first and last text of each."""
    tail: str
    """The text after the last special token."""
    enveloped: bool
    """Whether they are envelopes, whose tail is never left out."""
    shapes: list[Key]
    plans: list[Plan]
    headers: list[dict[str, str]]
    """The fields of each message that are the same for its whole shape."""
    ids: CallIds | None
    """The shape of call ids, if there are calls."""

    @classmethod
    def of(cls, unit: Sequence[Message], plans: Sequence[Plan], binding: Binding) -> Kind | None:
        """The kind of a unit; None if only their text shows where two fields separate."""
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
        slots = [slot for gap in gaps for slot in gap.blanks]
        return cls(
            (signature, None if first.blanks else first.before),
            gaps,
            [at for at, gap in enumerate(gaps) if not gap.blanks],
            [gap.before for gap in gaps if not gap.blanks],
            [
                _Filled(at, gap.before, gap.blanks[-1].after, gap if gap.blanks[1:] else None)
                for at, gap in enumerate(gaps)
                if gap.blanks
            ],
            [reader_of(slot.blank, slot.number, unit[slot.number]) for slot in slots],
            _checks(plans, slots),
            last.before,
            unit[0].role in binding.format.envelopes,
            [*map(shape_of, unit)],
            [*plans],
            [{n: v for n in HEADER if (v := getattr(each, n)) is not None} for each in unit],
            binding.format.id_shape if any(each.tool_calls for each in unit) else None,
        )

    @property
    def size(self) -> int:
        """The number of remembered ids and characters."""
        literal = sum(
            len(before) + sum(len(slot.after) for slot in blanks) for before, blanks in self.gaps
        )
        return sum(plan.size for plan in self.plans) + literal + len(self.key[0])

    def read(self, texts: Sequence[str]) -> list[dict[str, Any]] | None:
        """The fields of the messages, if the writer would write these texts for them."""
        if [texts[at] for at in self.fixed] != self.literals:
            return None
        spelled = self._spelled(texts)
        if spelled is None:
            return None
        messages: list[dict[str, Any]] = [{**header, "tool_calls": []} for header in self.headers]
        for (number, where, name, value_of), text in zip(self.readers, spelled, strict=True):
            value = text if value_of is None else value_of(text)
            if value is None:
                return None
            if where is _MESSAGE:
                messages[number][name] = value
            elif where is _LAST_CALL:
                messages[number]["tool_calls"][-1][name] = value
            else:
                messages[number]["tool_calls"].append(value if where is _CALL else {name: value})
        if self.ids is not None and not _named(messages, self.ids):
            return None
        for plan, first, stop in self.checks:
            if not plan.is_read_back(spelled[first:stop]):
                return None
        return messages

    def _spelled(self, texts: Sequence[str]) -> list[str] | None:
        """The texts of all blanks, if the writer could write the unit like this."""
        spelled: list[str] = []
        for at, before, after, several in self.filled:
            text = texts[at]
            if several is not None:
                found = _split(several, text)
                if found is None:
                    return None
                spelled += found
            elif before or after:
                first, stop = len(before), len(text) - len(after)
                if first > stop or not (text.startswith(before) and text.endswith(after)):
                    return None
                spelled.append(text[first:stop])
            else:
                spelled.append(text)
        return spelled


def _checks(plans: Sequence[Plan], slots: Sequence[_Slot]) -> list[tuple[Plan, int, int]]:
    numbers = [slot.number for slot in slots]
    return [
        (plan, numbers.index(number), numbers.index(number) + numbers.count(number))
        for number, plan in enumerate(plans)
        if plan.looks_at_texts and number in numbers
    ]


def _named(messages: list[dict[str, Any]], ids: CallIds) -> bool:
    """Whether the ids of all calls give their names, which may appear nowhere else."""
    for message in messages:
        for call in message["tool_calls"]:
            name = ids.name_in(call.get("id") or "")
            if name is None or call.setdefault("name", name) != name:
                return False
    return True


def _split(gap: _Gap, text: str) -> Sequence[str] | None:
    """The texts of the blanks in a gap, if the writer could write it like this."""
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
