"""The format line as a reader sees it: its segments, and which segment wrote which token."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal, Special
from chatfmt.show import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chatfmt.line.format import ChatFormat
    from chatfmt.line.language import Piece
    from chatfmt.show import Block

__all__ = ["Line", "lines", "segments_of"]


class Line(NamedTuple):
    """The line of some roles, or of the prologue (for no role)."""

    roles: tuple[str, ...]
    pieces: tuple[Piece, ...]

    def segments(self) -> list[tuple[str, str]]:
        """Each segment's kind (special, text, field, group, generation), and its text as shown."""
        return [(kind, one_line(text)) for kind, text, _ in _walk(self.pieces, {}, None)]


def lines(format: ChatFormat) -> list[Line]:
    """The lines of a format: the prologue's, and one for all roles or those of each."""
    found: dict[tuple[Piece, ...], list[str]] = {}
    for role, own in format.lines_of.items():
        for line in own:
            tail = (Literal(line.tail),) if line.tail else ()
            pieces = (*line.pieces, *tail)
            if (envelope := format.envelopes.get(role)) is not None:
                pieces = (*envelope.open, *line.pieces, *envelope.close)
            found.setdefault(pieces, []).append(role)
    prologue = [Line((), format.prologue_pieces)] if format.prologue_pieces else []
    return prologue + [Line(tuple(roles), pieces) for pieces, roles in found.items()]


def segments_of(block: Block, line: Line, values: Mapping[str, str | None]) -> list[list[int]]:
    """For each piece of a block, the indices of the segments that wrote it.

    Empty for pieces that the line cannot have written, such as stray ids.
    """
    end = next((piece.text for piece in block.pieces if piece.part == "end"), None)
    written = [
        (index, text.encode())
        for index, (_, _, text) in enumerate(_walk(line.pieces, values, end))
        if text
    ]
    whole = b"".join(text for _, text in written)
    borders: list[tuple[int, int]] = []  # a segment, and where it ends
    at = 0
    for index, text in written:
        at += len(text)
        borders.append((index, at))
    found: list[list[int]] = []
    at = first = 0
    for piece in block.pieces:
        data = b"".join(piece.data)
        stop = at + len(data)
        if not data or whole[at:stop] != data:
            found.append([])
            at = stop if data else at
            continue
        while borders[first][1] <= at:
            first += 1
        last = first
        while borders[last][1] < stop:
            last += 1
        found.append([index for index, _ in borders[first : last + 1]])
        at = stop
    return found


def _walk(
    pieces: Iterable[Piece], values: Mapping[str, str | None], end: str | None
) -> Iterator[tuple[str, str, str]]:
    """Kind and text of each segment, and the text that it writes for these values."""
    for piece in pieces:
        match piece:
            case Literal(text):
                yield "text", text, text
            case Special(tokens, is_end):
                several = is_end and len(tokens) > 1
                written = end if is_end and end is not None else tokens[0]
                yield "special", "{end}" if several else tokens[0], written
            case Field(name, _):
                yield "field", f"{{{name}}}", values.get(name) or ""
            case GenerationStart():
                yield "generation", "▸", ""
            case Group(name, inner):
                value = values.get(name)
                there = bool(value) if name == "content" else value is not None
                yield "group", "[", ""
                for kind, text, written in _walk(inner, values, end):
                    yield kind, text, written if there else ""
                yield "group", "]", ""
            case Calls():
                yield from _list(piece)


def _list(piece: Calls) -> Iterator[tuple[str, str, str]]:
    """A list of calls; its tokens are not linked to the segments that wrote them."""
    for sign, pieces in (("[", piece.separator), ("|", piece.item)):
        yield "group", sign, ""
        yield from ((kind, text, "") for kind, text, _ in _walk(pieces, {}, None))
    yield "group", "]*", ""
