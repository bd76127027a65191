"""The things that all lines of a template share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from chatfmt.line.language import Literal, flat
from chatfmt.templates.guards import Constants
from chatfmt.templates.source import If, Set, quoted, raising

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.format import ChatFormat
    from chatfmt.line.lines import Line
    from chatfmt.templates.source import Node

__all__ = ["TRAINED", "Shared", "read_field"]

TRAINED = "assistant"
"""The role whose messages have weight by default."""
_REASONING = (
    "[message.get('reasoning_content'), message.get('reasoning'), message.get('thinking')]"
    " | reject('none')"
)
_TWO = ": expected the thinking once, found it under two names with other text"
_GIVEN = {
    "content": "'' if message.get('content') is none else message.content",
    "reasoning": f"{_REASONING} | first | default(none)",
    "call_id": "message.get('tool_call_id')",
}
"""Field to the expression that takes it from a message; others have a member of the same name."""


def read_field(field: str) -> Iterator[Node]:
    """Sets a variable to what a message gives for a field.

    >>> next(read_field("channel"))
    Set(name='channel', expression="message.get('channel')")
    """
    yield Set(field, _GIVEN.get(field, f"message.get({quoted(field)})"))
    if field == "reasoning":
        others = f"{_REASONING} | reject('equalto', reasoning) | list"
        yield If(((others, (raising(f"'message ' ~ loop.index0 ~ {quoted(_TWO)}"),)),))


@dataclass(frozen=True)
class Shared:
    """A format, the special tokens that no text may spell, and what its lines need."""

    format: ChatFormat
    tokens: Sequence[str]
    macros: list[str] = field(default_factory=list)
    """Names of the macros that are called; a name may appear twice."""
    constants: Constants = field(default_factory=Constants)

    @cached_property
    def letters(self) -> str:
        """The characters of literal text, which header fields might not allow."""
        lines = (line for lines in self.format.lines_of.values() for line in lines)
        pieces = (piece for line in lines for piece in flat(line.pieces))
        return "".join(piece.text for piece in pieces if isinstance(piece, Literal))

    @cached_property
    def has_state(self) -> bool:
        """Whether the model can continue after a message, so that the last one's end matters."""
        return any(self.goes_on(line) for lines in self.format.lines_of.values() for line in lines)

    @cached_property
    def looks_around(self) -> bool:
        """Whether a message depends on the messages around it."""
        row = self.format
        return bool(row.envelopes or row.placed or row.unended or self.has_state)

    def goes_on(self, line: Line) -> bool:
        """Whether the model can continue with another message after one of this line."""
        prompted = any(role in self.format.prompted for role in line.roles)
        return bool(line.ends) and prompted and not self.format.stops_at(line.ends[0])

    @cached_property
    def role(self) -> str:
        """The spelling of the message's role, if one line serves several."""
        spellings = self.format.role_spellings
        if all(role == spelling for role, spelling in spellings.items()):
            return "message.role"
        table = ", ".join(f"{quoted(role)}: {quoted(text)}" for role, text in spellings.items())
        return f"{{{table}}}[message.role]"
