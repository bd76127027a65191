"""The length limit of a header whose fields have no limit of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.language import Calls, Field, Group, Literal, Special
from chatfmt.templates.around import there
from chatfmt.templates.source import Node, fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.format import ChatFormat
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line

__all__ = ["header_limit"]


def header_limit(format: ChatFormat, line: Line, role: str) -> Iterator[Node]:
    """Refuse a header that is longer than the row allows."""
    envelope = format.envelopes.get(role)
    around: Sequence[Piece] = envelope.open if envelope else ()
    header = _Header()
    length = header.length((*around, *line.pieces))
    if header.is_unbounded:
        reason = f"': expected a header of at most {format.longest_header} characters'"
        yield fail(f"{length} > {format.longest_header}", reason)


class _Header:
    """Adds up the length that `chatfmt.wire.refuse.header_length` counts, as an expression."""

    def __init__(self) -> None:
        self._in_free_text = False
        self.is_unbounded = False
        """Whether it has a field without a limit of its own."""

    def length(self, pieces: Sequence[Piece]) -> str:
        """The number of characters that these pieces write in the header."""
        literal, terms = 0, []
        for piece in pieces:
            match piece:
                case Literal(text) if not self._in_free_text:
                    literal += len(text)
                case Field("role"):
                    terms.append("message.role | length")
                case Field(name, alphabet) if alphabet is not None:
                    self._in_free_text = False
                    self.is_unbounded |= alphabet.most is None
                    terms.append(f"{name} | length")
                case Field():
                    self._in_free_text = True
                case Special() | Calls():
                    self._in_free_text = False
                case Group(field, inside):
                    within = self.length(inside)
                    if within != "0":
                        terms.append(f"({within} if {there(field)} else 0)")
                case _:
                    pass
        return " + ".join([*terms, *([str(literal)] if literal or not terms else [])])
