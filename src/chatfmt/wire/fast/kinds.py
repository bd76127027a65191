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


class _Gap(NamedTuple):
    """The text between two special tokens."""

    before: str
    """Literal text with which it begins."""
    blanks: list[tuple[int, Blank, str]]
    """Of which message a blank is, the blank, and the literal text after it."""


class Kind(NamedTuple):
    """How units of one kind are read."""

    key: tuple[str, str | None]
    """Their special tokens, and the text after the first if that is always the same."""
    gaps: list[_Gap]
    """Before the first special token, and after each but the last."""
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
                    if blanks and not blanks[-1][2]:
                        return None
                    blanks.append((number, atom, ""))
                elif isinstance(atom, Written | Literal) and blanks:
                    blanks[-1] = (*blanks[-1][:2], blanks[-1][2] + atom.text)
                elif isinstance(atom, Written | Literal):
                    gaps[-1] = _Gap(before + atom.text, blanks)
        *gaps, last = gaps
        first = gaps[min(1, len(gaps) - 1)]
        return cls(
            (signature, None if first.blanks else first.before),
            gaps,
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
        literal = sum(len(before) + sum(len(b[2]) for b in blanks) for before, blanks in self.gaps)
        return sum(plan.size for plan in self.plans) + literal + len(self.key[0])

    def read(self, texts: Sequence[str]) -> list[Message] | None:
        """The messages, if the writer would write these texts for them."""
        found: list[list[str]] = [[] for _ in self.plans]
        fields: list[dict[str, Any]] = [{**header, "tool_calls": []} for header in self.headers]
        for gap, text in zip(self.gaps, texts, strict=True):
            values = _split(gap, text)
            if values is None:
                return None
            for number, blank, value in values:
                found[number].append(value)
                if not _put(blank, value, fields[number], self.ids):
                    return None
        messages = [_validated(each) for each in fields]
        written = zip(self.plans, self.shapes, messages, found, strict=True)
        for plan, shape, message, given in written:
            if shape_of(message) != shape or plan.texts(message) != given:
                return None
        return messages


def _split(gap: _Gap, text: str) -> Sequence[tuple[int, Blank, str]] | None:
    """The texts of the blanks in a gap, if it may be written like this."""
    before, blanks = gap
    if not text.startswith(before):
        return None
    values = []
    at, end, last = len(before), len(text), len(blanks) - 1
    for nth, (number, blank, after) in enumerate(blanks):
        stop = end - len(after) if nth == last else _end_of(blank, text, at, after)
        if stop < at or not text.startswith(after, stop):
            return None
        values.append((number, blank, text[at:stop]))
        at = stop + len(after)
    return values if at == end else None


def _end_of(blank: Blank, text: str, at: int, literal: str) -> int:
    """Where a blank ends before literal text and more; -1 if it does not."""
    if blank.piece.scanner is None:
        return text.find(literal, at)
    try:
        return decoder().raw_decode(text, at)[1]
    except ValueError:
        return -1


def _put(blank: Blank, text: str, fields: dict[str, Any], ids: CallIds | None) -> bool:
    """Put what a field spells where it belongs, if it spells anything."""
    piece, calls = blank.piece, fields["tool_calls"]
    if isinstance(keys := piece.scanner, CallObject):
        call = parts_of_call(text, keys)
        calls.append(call)
        return call is not None
    try:
        value = text if piece.coder is None else CODERS[piece.coder].read(text)
    except CodeError:
        return False
    if blank.call is None:
        fields[piece.name] = value
        return True
    if blank.begins:
        calls.append({})
    calls[-1][piece.name.removeprefix("call.")] = value
    if ids is not None and piece.name == "call.id":
        calls[-1]["name"] = ids.name_in(value)
    return True
