"""The pieces of a line from left to right, as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.language import Calls, Field, GenerationStart, Group, Special
from chatfmt.templates.around import Before, before, there
from chatfmt.templates.branches import branch
from chatfmt.templates.fields import Places, constant
from chatfmt.templates.shared import TRAINED, Shared
from chatfmt.templates.source import If, Node, Text, Write, quoted
from chatfmt.wire.prompts import end_of_closer, end_of_reasoning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line

__all__ = ["AT_END", "written"]

AT_END = "training and after == 'end' and not add_generation_prompt"
"""The condition that this is the last message of a sequence to train on."""


def written(
    shared: Shared, role: str, line: Line, pieces: Sequence[Piece], *, generated: bool = False
) -> tuple[Node, ...]:
    """The nodes of pieces for a message of a role.

    If the reasoning is empty or missing, a prompt may have written the text that says so: then
    everything up to there is not the assistant's, unless such prompts have their own line.

    Args:
        shared: what all lines share.
        role: the role.
        line: the line to which the pieces belong.
        pieces: the line's own, and before them those that open an envelope.
        generated: whether the assistant writes them from the first one.
    """
    end = None
    if role == TRAINED and role in shared.format.closing and not generated:
        closer = end_of_closer(pieces)
        end = end_of_reasoning(pieces) if closer is None else closer
    if end is None:
        return tuple(_Walk(shared, role, line).all(pieces, generated=generated))
    is_closer = closer is not None
    first = _Walk(shared, role, line, known={"reasoning": not is_closer}, prompted=True)
    short = [*first.all(pieces[:end])]
    rest = _Walk(shared, role, line, past=first.past)
    short += rest.all(pieces[end:], generated=True)
    whole = _Walk(shared, role, line, known={"reasoning": True} if is_closer else {}).all(pieces)
    condition = "reasoning is none" if is_closer else "reasoning == ''"
    return tuple(branch([(condition, short), ("", [*whole])]))


class _Walk:
    """Goes through pieces from left to right, and knows the text before each.

    Args:
        shared: what all lines share.
        role: the role.
        line: the line to which the pieces belong.
        known: fields that are known to be there, or known to be missing.
        prompted: whether a prompt writes all this, with empty reasoning in it.
        past: the texts that can come before the first; None if it begins a message.
    """

    def __init__(
        self,
        shared: Shared,
        role: str,
        line: Line,
        *,
        known: Mapping[str, bool] | None = None,
        prompted: bool = False,
        past: set[Before] | None = None,
    ) -> None:
        self._shared, self._role, self._line = shared, role, line
        self._known, self._prompted = known or {}, prompted
        self._places = Places(shared, shared.format.machine.words_of(role))
        self._begins = past is None
        self.past = past or {Before("")}

    def all(
        self, pieces: Sequence[Piece], *, generated: bool = False, outer: Sequence[Piece] = ()
    ) -> Iterator[Node]:
        """The nodes of pieces that are followed by ``outer``."""
        marked = self._role == TRAINED and not self._prompted
        for at, piece in enumerate(pieces):
            rest = (*pieces[at + 1 :], *outer)
            if isinstance(piece, Group):
                past = before(self.past, piece)
                yield from self._group(piece, rest, generated=generated)
                generated |= marked and GenerationStart() in piece.pieces
                self.past = past
                continue
            if piece == GenerationStart():
                generated |= marked
            yield from self._one(piece, rest, generated=generated)
            self._begins = False
            self.past = before(self.past, piece)

    def _one(self, piece: Piece, rest: Sequence[Piece], *, generated: bool) -> Iterator[Node]:
        match piece:
            case Special(tokens, True):
                yield from self._end(tokens[0], generated=generated)
            case Special(tokens) if self._begins and not generated:
                yield from self._begin(tokens[0])
            case Field("role"):
                yield Write(self._shared.role, generated)
            case Field("reasoning") if self._prompted:
                pass  # it is empty
            case Field():
                yield from self._places.field(piece, self.past, [rest], generated=generated)
            case Calls():
                yield from self._places.calls(piece, self.past, rest, generated=generated)
            case _:
                yield from constant(piece, generated=generated)

    def _group(self, piece: Group, rest: Sequence[Piece], *, generated: bool) -> Iterator[Node]:
        if not self._known.get(piece.field, True):
            return
        self._begins = False
        nodes = tuple(self.all(piece.pieces, generated=generated, outer=rest))
        if piece.field in self._known:
            yield from nodes
        else:
            yield If(((there(piece.field), nodes),))

    def _end(self, token: str, *, generated: bool) -> Iterator[Node]:
        """The token that ends a message: trained only if the model continues after it."""
        if self._role != TRAINED or not self._shared.goes_on(self._line):
            yield Text(token, generated)
            return
        branches = [(f"after == {quoted(TRAINED)}", (Text(token, generated),))]
        if self._line.training_end is not None:
            branches.append((AT_END, (Text(self._line.training_end, generated),)))
        yield If((*branches, ("", (Text(token),))))

    def _begin(self, token: str) -> Iterator[Node]:
        """The first token of a message, which may end the assistant's message before it."""
        row = self._shared.format
        if TRAINED in row.unended and token in row.stop_spellings:
            ends = f"before == {quoted(TRAINED)}"
            yield If(((ends, (Text(token, generated=True),)), ("", (Text(token),))))
        else:
            yield Text(token)
