"""The check of each field, from the row of a format and the tools that may be called."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.conversation.definitions import listed
from chatfmt.conversation.harmony import CHANNELS, FUNCTIONS
from chatfmt.errors import DataError, FormatError, shown
from chatfmt.line.calls import CallObject
from chatfmt.line.coders import STRING_FLAGS
from chatfmt.line.scanners import JsonObject, JsonValue
from chatfmt.prepare.splitting import Split
from chatfmt.serve.constrained.checks import (
    Name,
    NewKey,
    NoString,
    OneOf,
    Shape,
    Some,
    WholeCall,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatfmt.line.format import ChatFormat
    from chatfmt.line.place import Place
    from chatfmt.serve.constrained.checks import Check

__all__ = ["Rules", "Told"]

_NAME = Some(string.ascii_letters + string.digits + "_.-")
_ID = Some(_NAME.characters + ":")


class Told(NamedTuple):
    """The facts that the fields so far tell about the following ones."""

    open: bool = True
    """Whether a message is open."""
    keys: frozenset[str] = frozenset()
    """The arguments of the current call."""
    flag: str = ""
    """Whether the call says that the current value is a string."""
    to_function: bool = False
    """Whether the message is a call."""

    def after(self, field: str | None, text: str) -> Told:
        """A field is over; ``text`` is the text that its check has kept."""
        match field:
            case "arg.key":
                return self._replace(keys=self.keys | {text})
            case "arg.string":
                return self._replace(flag=text)
            case "recipient":
                return self._replace(to_function=True)
        return self

    def at(self, opens: str | None) -> Told:
        """Something begins."""
        match opens:
            case None:
                return self
            case "argument":
                return self._replace(flag="")
            case "call":
                return self._replace(keys=frozenset(), flag="")
        return Told()


class Rules:
    """The checks of the fields of a format.

    Args:
        format: the format.
        tools: the tools that may be called, as OpenAI's API defines them; None for any.

    Raises:
        DataError: a tool has no name, or one that no call can have.
        FormatError: tools are given, and the format does not say which messages are calls.
    """

    def __init__(self, format: ChatFormat, tools: Iterable[Mapping[str, Any]] | None) -> None:
        self.names = None if tools is None else _names(tools)
        """The names of the tools; None for any."""
        name = _NAME if self.names is None else OneOf(self.names)
        # a header has at most three fields of any text
        word = Name("", None, format.longest_header // 4)
        function: Check[Any] = replace(word, prefix=FUNCTIONS)
        if self.names is not None:
            function = Word(frozenset(FUNCTIONS + name for name in self.names))
        self._fixed: dict[str, Check[Any]] = {
            "arg.string": Word(frozenset(STRING_FLAGS)),
            "call.name": Shape((name,)),
            **dict.fromkeys(("channel", "content_type", "name", "recipient"), word),
        }
        if format.id_shape is not None:
            known = {"{call.name}": name, "{n}": Some(string.digits)}
            literal = (
                known.get(part) or OneOf(frozenset({part})) for part in format.id_shape.parts
            )
            self._fixed["call.id"] = Shape(tuple(literal))
        if format.arguments == (None,):
            self._fixed["arg.value"] = JsonValue()
        self.splits = any(isinstance(word, Split) for word in format.preparation)
        """Whether calls are messages, as harmony has them."""
        if self.splits:
            self._fixed["recipient"] = function
        elif self.names is not None and any(
            place.meaning.field == "recipient" for place in format.machine.all
        ):
            raise FormatError(
                f"format {format.name}: expected tools to be None: a recipient may be anyone, and "
                "which messages are calls is not known"
            )

    @property
    def has_calls(self) -> bool:
        """Whether a call is possible."""
        return self.names is None or bool(self.names)

    def check(self, place: Place, told: Told) -> Check[Any] | None:
        """The check of the field that begins with a place; None if any text will do."""
        field, scanner = place.meaning.field or "", place.scanner
        if isinstance(scanner, CallObject):
            return WholeCall(scanner, self._fixed["call.name"], Shape((_ID,)))
        if field in {"call.arguments", "arg.key", "arg.value"}:
            return self._of_arguments(field, told) if scanner is None else None
        if self.splits and field == "channel":
            # a call is never in the channel that ends the answer
            return Word(frozenset(CHANNELS[:-1] if told.to_function else CHANNELS))
        if self.splits and field == "content" and told.to_function:
            return JsonObject()
        return self._fixed.get(field)

    def _of_arguments(self, field: str, told: Told) -> Check[Any] | None:
        if field == "call.arguments":
            return JsonObject()
        if field == "arg.key":
            return NewKey(told.keys)
        if told.flag:
            return NoString() if told.flag == "false" else None
        return self._fixed.get(field)


def _names(tools: object) -> frozenset[str]:
    try:
        return frozenset(map(_name_of, listed(tools)))
    except ValueError as error:
        raise DataError(str(error)) from None


def _name_of(tool: object) -> str:
    function = tool.get("function", tool) if isinstance(tool, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not (isinstance(name, str) and name and set(name) <= set(_NAME.characters)):
        raise DataError(
            "expected tools with a name of letters, digits, _, - and ., found "
            f"{shown(tool)}; another name cannot be written in every call"
        )
    return name
