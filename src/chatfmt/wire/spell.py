"""A message along its line: special tokens, and the text of literals and fields in their order."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import regex

from chatfmt.errors import shown
from chatfmt.line.arguments import split_arguments
from chatfmt.line.calls import CallObject, spell_call
from chatfmt.line.choose import is_there
from chatfmt.line.coders import CODERS
from chatfmt.line.jsontext import CodeError
from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal, Special
from chatfmt.wire.prompts import end_of_closer, end_of_thoughts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from chatfmt.conversation import Message, ToolCall
    from chatfmt.line.call_ids import CallIds
    from chatfmt.line.language import Piece
    from chatfmt.wire.spans import Part

__all__ = ["CUT", "Atom", "Cut", "Refused", "Written", "spell"]


class Written(NamedTuple):
    """Text as it stands on the wire."""

    text: str
    field: str | None = None
    """The field that it is; None for literal text."""


class Cut(NamedTuple):
    """Where a prompt may end though the model has begun to write before."""


CUT = Cut()

Atom: TypeAlias = "Special | Written | Part | GenerationStart | Cut"
"""What stands there; a `Part` says to which part the text after it belongs."""


class Refused(Exception):  # noqa: N818 - it says what a line cannot write, and goes no further
    """A line cannot write the message: why, and because of which field."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


def spell(
    pieces: Iterable[Piece],
    message: Message,
    role: str,
    ids: CallIds | None = None,
    fences: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> list[Atom]:
    """What the pieces of a line write for a message whose role is spelled like this.

    ``ids`` says what ids of calls look like, ``fences`` which texts end a field.

    Raises:
        Refused: a field cannot be written, with the reason.
    """
    pieces = [*pieces]
    speller = _Speller(message, role, ids, fences)
    end = None
    if message.reasoning is None:
        end = end_of_closer(pieces)
    elif not message.reasoning:
        end = end_of_thoughts(pieces)
    speller.prompted = end is not None
    speller.add(pieces[:end])
    if end is not None:
        speller.atoms.append(GenerationStart())
        speller.add(pieces[end:])
    return speller.atoms


class _Speller:
    def __init__(
        self,
        message: Message,
        role: str,
        ids: CallIds | None,
        fences: Mapping[str, Collection[str]],
    ) -> None:
        self._ids = ids
        self._fences = fences
        self._literal = ""  # since the last field
        self.message = message
        self.role = role
        self.atoms: list[Atom] = []
        self.prompted = False
        """Whether the reasoning is empty or not there, and its prompt wrote what says so."""
        self._frame: Part = "header"
        self._free: Part | None = None  # of the free text to which literal text still counts
        self._part: Part = "header"

    def add(self, pieces: Iterable[Piece]) -> None:
        """Write pieces one after the other."""
        for piece in pieces:
            match piece:
                case Literal(text):
                    self._write(text, self._free or self._frame)
                case Special(_, end):
                    self._free = None
                    self._turn_to("end" if end else self._frame)
                    self.atoms.append(piece)
                case Field(name):
                    value = self.role if name == "role" else getattr(self.message, name)
                    self._field(piece, value)
                case Group():
                    self._group(piece)
                case Calls():
                    self._calls(piece)
                case GenerationStart():
                    self.atoms.append(CUT if self.prompted else piece)

    def _turn_to(self, part: Part) -> None:
        if part != self._part:
            self._part = part
            self.atoms.append(part)

    def _write(self, text: str, part: Part, field: str | None = None) -> None:
        self._turn_to(part)
        self._literal = self._literal + text if field is None else ""
        self.atoms.append(Written(text, field))

    def _group(self, piece: Group) -> None:
        if is_there(self.message, piece.field):
            self.add(piece.pieces)
        elif GenerationStart() in piece.pieces:  # all that its prompt and the message share
            self.atoms.append(CUT if self.prompted else GenerationStart())

    def _field(self, piece: Field, value: str | None) -> None:
        name = piece.name
        if value is None:
            raise Refused(f"the format needs a {name} in each message", name)
        if piece.alphabet is not None:
            pattern = piece.alphabet.pattern
            if not regex.fullmatch(pattern, value, regex.V1):
                raise Refused(f"expected a {name} like {pattern}, found {shown(value)}", name)
            self._free = None
            self._write(value, self._frame, name)
            return
        if piece.coder is not None:
            try:
                value = CODERS[piece.coder].spell(value)
            except CodeError as error:
                raise Refused(str(error), name) from None
        if name == "reasoning" and value:
            self.atoms.append(CUT)  # here a prompt ends that opens it
        self._free = self._frame if name.startswith("call") else name  # type: ignore[assignment]
        self._write(value, self._free or "header", name)

    def _calls(self, piece: Calls) -> None:
        first = piece.item[0]
        text = self._literal + (first.text if isinstance(first, Literal) else "")
        if text not in self._fences.get(str(self._free), ()):
            self._free = None  # a fence ends that text, and counts to it
        before, self._frame = self._frame, "calls"
        for number, call in enumerate(self.message.tool_calls):
            if number:
                self.add(piece.separator)
            try:
                self._call(piece.item, call)
            except CodeError as error:
                raise Refused(f"call {number}, {error}", "tool_calls") from None
            except Refused as refused:
                raise Refused(f"call {number}: {refused.reason}", "tool_calls") from None
        self._frame, self._free = before, None

    def _call(self, item: Iterable[Piece], call: ToolCall) -> None:
        if self._ids is not None and self._ids.name_in(call.id or "") != call.name:
            raise Refused(
                f"expected an id that says the name {shown(call.name)}, found {shown(call.id)}",
                "tool_calls",
            )
        written = {"call.name": call.name, "call.id": call.id, "call.arguments": call.arguments}
        for piece in item:
            if isinstance(piece, Calls):
                self._arguments(piece, call)
            elif not isinstance(piece, Field):
                self.add([piece])
            elif isinstance(keys := piece.scanner, CallObject):
                identifier = None if keys.id is None else call.id
                self._free = self._frame
                self._write(
                    spell_call(call.name, call.arguments, identifier, keys), "calls", "call"
                )
            else:
                value = written[piece.name]
                if value is None:
                    raise Refused("the format needs an id for each call, found none", "tool_calls")
                self._field(piece, value)

    def _arguments(self, piece: Calls, call: ToolCall) -> None:
        """Each argument, in place of all of them as one text."""
        for number, (key, value) in enumerate(split_arguments(call.arguments)):
            if number:
                self.add(piece.separator)
            for inner in piece.item:
                if isinstance(inner, Field):
                    self._argument(inner, key, value)
                else:
                    self.add([inner])

    def _argument(self, piece: Field, key: str, value: str) -> None:
        if piece.alphabet is not None:
            self._field(piece, key)
            return
        try:
            spelled = value if piece.coder is None else CODERS[piece.coder].spell(value)
        except CodeError as error:
            raise Refused(f"argument {shown(key)}, {error}", "tool_calls") from None
        self._free = self._frame
        self._write(spelled, self._frame, piece.name)
