"""A message along its line: special tokens, and the texts of literals and fields, in order."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import regex

from chatfmt.errors import shown
from chatfmt.line.arguments import split_arguments
from chatfmt.line.calls import CallObject, spell_call
from chatfmt.line.choose import is_there
from chatfmt.line.coders import CODERS, STRING_FLAGS, string_flag
from chatfmt.line.fields import noun
from chatfmt.line.jsontext import CodeError
from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal, Special
from chatfmt.wire.prompts import end_of_closer, end_of_reasoning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from chatfmt.conversation import Message, ToolCall
    from chatfmt.line.call_ids import CallIds
    from chatfmt.line.language import Piece
    from chatfmt.wire.schemas import ArgumentTypes
    from chatfmt.wire.spans import Part

__all__ = ["CUT", "Atom", "Blank", "Cut", "Refused", "Written", "fill", "lay_out", "spell"]


class Written(NamedTuple):
    """Text as it is on the wire."""

    text: str
    field: str | None = None
    """Its field; None for literal text."""


class Cut(NamedTuple):
    """A place where a prompt may end although the model has begun to write before."""


CUT = Cut()

Atom: TypeAlias = "Special | Written | Part | GenerationStart | Cut"
"""An element of a spelled line; a `Part` says to which part the text after it belongs."""


class Refused(Exception):  # noqa: N818 - it says what a line cannot write, and is always caught
    """A line cannot write the message: the reason, and the field."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Blank(NamedTuple):
    """The place for the text of a field, which `fill` gives for a message."""

    piece: Field
    call: int | None = None
    """Number of the call to which the field belongs."""
    begins: bool = False  # whether it is the first of that call
    argument: tuple[str, str] | None = None
    """Key and value of the argument to which it belongs."""
    types: Collection[str] = ()
    """JSON Schema's names of the types of this argument."""

    @property
    def field(self) -> str:
        """The field, as in `Written`."""
        return "call" if isinstance(self.piece.scanner, CallObject) else self.piece.name


def spell(
    pieces: Iterable[Piece],
    message: Message,
    role: str,
    ids: CallIds | None = None,
    fences: Mapping[str, Collection[str]] = MappingProxyType({}),
    *,
    types: ArgumentTypes = MappingProxyType({}),
    prompted: bool = True,
) -> list[Atom]:
    """The text of a line's pieces for a message whose role is spelled like this.

    ``ids`` is the shape of call ids, ``fences`` are the texts that end a field, and ``prompted``
    says whether a model is prompted for the role.

    Raises:
        Refused: a field cannot be written, with the reason.
    """
    return [
        Written(fill(atom, message, role, ids), atom.field) if isinstance(atom, Blank) else atom
        for atom in lay_out(pieces, message, fences, types=types, prompted=prompted)
    ]


def lay_out(
    pieces: Iterable[Piece],
    message: Message,
    fences: Mapping[str, Collection[str]] = MappingProxyType({}),
    *,
    types: ArgumentTypes = MappingProxyType({}),
    prompted: bool = True,
) -> list[Atom | Blank]:
    """The text of a line's pieces for all messages of the same shape.

    These have the same fields, the same number of calls, the same arguments if those are written
    one by one, and reasoning that is empty or not.

    Raises:
        Refused: the arguments of a call are not.
    """
    pieces = [*pieces]
    speller = _Speller(message, fences, types)
    end = None
    if prompted and message.reasoning is None:
        end = end_of_closer(pieces)
    elif prompted and not message.reasoning:
        end = end_of_reasoning(pieces)
    speller.prompted = end is not None
    speller.add(pieces[:end])
    if end is not None:
        speller.atoms.append(GenerationStart())
        speller.add(pieces[end:])
    return speller.atoms


def fill(blank: Blank, message: Message, role: str, ids: CallIds | None) -> str:
    """The text of a field as it is on the wire.

    Raises:
        Refused: it cannot be written, with the reason.
    """
    piece, number = blank.piece, blank.call
    if number is None:
        return _spelled(piece, role if piece.name == "role" else getattr(message, piece.name))
    try:
        return _spelled_call(blank, message.tool_calls[number], ids)
    except CodeError as error:
        raise Refused(f"call {number}, {error}", "tool_calls") from None
    except Refused as refused:
        raise Refused(f"call {number}: {refused.reason}", "tool_calls") from None


def _spelled_call(blank: Blank, call: ToolCall, ids: CallIds | None) -> str:
    if blank.begins and ids is not None and ids.name_in(call.id or "") != call.name:
        raise Refused(
            f"expected an id that says the name {shown(call.name)}, found {shown(call.id)}",
            "tool_calls",
        )
    piece = blank.piece
    if blank.argument is not None:
        return _argument(piece, *blank.argument, blank.types)
    if isinstance(keys := piece.scanner, CallObject):
        return spell_call(call.name, call.arguments, None if keys.id is None else call.id, keys)
    value = getattr(call, piece.name.removeprefix("call."))
    if value is None:
        raise Refused("the format needs an id for each call, found none", "tool_calls")
    return _spelled(piece, value)


@lru_cache(1024)
def _compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern, without the check of flags that the library makes at each call."""
    return regex.compile(pattern, regex.V1)


def _argument(piece: Field, key: str, value: str, types: Collection[str]) -> str:
    if piece.alphabet is not None:
        return string_flag(value) if piece.name == "arg.string" else _spelled(piece, key)
    try:
        return value if piece.coder is None else CODERS[piece.coder].spell(value, types)
    except CodeError as error:
        raise Refused(f"argument {shown(key)}, {error}", "tool_calls") from None


def _spelled(piece: Field, value: str | None) -> str:
    name = piece.name
    if value is None:
        raise Refused(f"the format needs a {name} in each message", name)
    if piece.alphabet is not None:
        if not _compiled(pattern := piece.alphabet.pattern).fullmatch(value):
            raise Refused(f"expected {noun(name)} to match {pattern}, found {shown(value)}", name)
        return value
    if piece.coder is None:
        return value
    try:
        return CODERS[piece.coder].spell(value)
    except CodeError as error:
        raise Refused(str(error), name) from None


class _Speller:
    def __init__(
        self, message: Message, fences: Mapping[str, Collection[str]], types: ArgumentTypes
    ) -> None:
        self._fences, self._types = fences, types
        self._literal = ""  # since the last field
        self.message = message
        self.atoms: list[Atom | Blank] = []
        self.prompted = False
        """Whether the reasoning is empty or missing, and its prompt wrote the text that says so."""
        self._frame: Part = "header"
        self._free: Part | None = None  # the free text to which literal text still counts
        self._part: Part = "header"

    def add(self, pieces: Iterable[Piece]) -> None:
        """Write pieces one after the other."""
        for piece in pieces:
            match piece:
                case Literal(text):
                    self._write(Written(text), self._free or self._frame)
                case Special(_, end):
                    self._free = None
                    self._turn_to("end" if end else self._frame)
                    self.atoms.append(piece)
                case Field():
                    self._field(Blank(piece))
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

    def _write(self, atom: Written | Blank, part: Part) -> None:
        self._turn_to(part)
        self._literal = self._literal + atom.text if isinstance(atom, Written) else ""
        self.atoms.append(atom)

    def _group(self, piece: Group) -> None:
        if is_there(self.message, piece.field):
            self.add(piece.pieces)
        elif GenerationStart() in piece.pieces:  # all that its prompt and the message share
            self.atoms.append(CUT if self.prompted else GenerationStart())

    def _field(self, blank: Blank) -> None:
        name = blank.piece.name
        if blank.piece.alphabet is not None:
            self._free = None
            self._write(blank, self._frame)
            return
        if name == "reasoning" and self.message.reasoning:
            self.atoms.append(CUT)  # a prompt that opens it ends here
        of_call = name.startswith(("call", "arg"))
        self._free = self._frame if of_call else name  # type: ignore[assignment]
        self._write(blank, self._free or "header")

    def _calls(self, piece: Calls) -> None:
        first = piece.item[0]
        text = self._literal + (first.text if isinstance(first, Literal) else "")
        if text not in self._fences.get(str(self._free), ()):
            self._free = None  # a fence ends that text, and counts to it
        before, self._frame = self._frame, "calls"
        for number, call in enumerate(self.message.tool_calls):
            if number:
                self.add(piece.separator)
            begins = True
            for one in piece.item:
                if isinstance(one, Calls):
                    self._arguments(one, call, number)
                elif isinstance(one, Field):
                    self._field(Blank(one, number, begins))
                    begins = False
                else:
                    self.add([one])
        self._frame, self._free = before, None

    def _arguments(self, piece: Calls, call: ToolCall, number: int) -> None:
        """Write each argument, in place of all of them as one text."""
        try:
            pairs = split_arguments(call.arguments)
        except CodeError as error:
            raise Refused(f"call {number}, {error}", "tool_calls") from None
        types = self._types.get(call.name, {})
        says_types = any(isinstance(one, Field) and one.name == "arg.string" for one in piece.item)
        for at, pair in enumerate(pairs):
            if at:
                self.add(piece.separator)
            said = STRING_FLAGS[string_flag(pair[1])] if says_types else types.get(pair[0], ())
            for one in piece.item:
                if isinstance(one, Field):
                    self._field(Blank(one, number, argument=pair, types=said))
                else:
                    self.add([one])
