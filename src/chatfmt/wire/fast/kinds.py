"""A kind of units: which special tokens they have, and which texts between these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from chatfmt.conversation import Message
from chatfmt.line.calls import CallObject, parts_of_call
from chatfmt.line.coders import CODERS
from chatfmt.line.jsontext import CodeError, decoder
from chatfmt.line.language import Literal, Special
from chatfmt.wire.frame import HEADER
from chatfmt.wire.plans import shape_of
from chatfmt.wire.spell import Blank, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.line.call_ids import CallIds
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.frame import Key
    from chatfmt.wire.plans import Plan

__all__ = ["Kind"]

_Blank: TypeAlias = "tuple[int, Blank]"
"""Of which message of the unit, and its blank."""

_Gap: TypeAlias = "list[str | _Blank]"
"""The text between two special tokens: literal text and blanks, never two of either in a row."""


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
        gaps: list[_Gap] = [[]]
        signature = ""
        for number, plan in enumerate(plans):
            for atom in (*plan.atoms, *plan.after):
                if isinstance(atom, Special):
                    signature += chr(binding.ids[atom.tokens[0]])
                    gaps.append([])
                elif isinstance(atom, Blank):
                    if gaps[-1] and not isinstance(gaps[-1][-1], str):
                        return None
                    gaps[-1].append((number, atom))
                elif isinstance(atom, Written | Literal) and atom.text:
                    before = gaps[-1].pop() if gaps[-1] else ""
                    gaps[-1] += (
                        [before + atom.text] if isinstance(before, str) else [before, atom.text]
                    )
        *gaps, last = gaps
        first = gaps[1] if len(gaps) > 1 else []
        same = all(isinstance(part, str) for part in first)
        return cls(
            (signature, "".join(map(str, first)) if same else None),
            gaps,
            "".join(map(str, last)),
            unit[0].role in binding.format.envelopes,
            [*map(shape_of, unit)],
            [*plans],
            [{n: v for n in HEADER if (v := getattr(each, n)) is not None} for each in unit],
            binding.format.id_shape,
        )

    @property
    def size(self) -> int:
        """How many ids and characters are remembered."""
        texts = (part for gap in self.gaps for part in gap if isinstance(part, str))
        return sum(plan.size for plan in self.plans) + sum(map(len, texts)) + len(self.key[0])

    def read(self, texts: Sequence[str]) -> list[Message] | None:
        """The messages, if the writer would write these texts for them."""
        found: list[list[str]] = [[] for _ in self.plans]
        fields: list[dict[str, Any]] = [{**header, "tool_calls": []} for header in self.headers]
        for gap, text in zip(self.gaps, texts, strict=True):
            if gap == [text]:
                continue
            values = _split(gap, text)
            if values is None:
                return None
            for number, blank, value in values:
                found[number].append(value)
                if not _put(blank, value, fields[number], self.ids):
                    return None
        messages = [Message.model_validate(each) for each in fields]
        written = zip(self.plans, self.shapes, messages, found, strict=True)
        for plan, shape, message, given in written:
            if shape_of(message) != shape or plan.texts(message) != given:
                return None
        return messages


def _split(gap: _Gap, text: str) -> list[tuple[int, Blank, str]] | None:
    """The texts of the blanks in a gap, if it may be written like this."""
    values = []
    at, last = 0, len(gap) - 1
    for nth, part in enumerate(gap):
        if isinstance(part, str):
            if not text.startswith(part, at):
                return None
            at += len(part)
            continue
        stop = len(text)
        if nth + 1 == last:
            stop -= len(str(gap[last]))
        elif nth < last:
            stop = _end_of(part[1], text, at, str(gap[nth + 1]))
        if stop < at:
            return None
        values.append((*part, text[at:stop]))
        at = stop
    return values if at == len(text) else None


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
