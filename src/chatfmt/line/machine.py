"""The machine of a format, whole: its places with the words that its fields never hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.characters import Characters
from chatfmt.line.fences import words_of
from chatfmt.line.language import Literal, flat
from chatfmt.line.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chatfmt.line.language import Piece, Special
    from chatfmt.line.lines import Envelope, Line

__all__ = ["build_machine"]

_ROUNDS = 8


def build_machine(
    lines: Sequence[Line],
    envelopes: Mapping[str, Envelope],
    prologue: Sequence[Special | Literal],
    roles: Sequence[str],
) -> Places:
    """The places of these lines. Words can bring about others, so they are derived until none is new."""
    characters = Characters(_literals(lines, envelopes, prologue))
    places = Places(lines, envelopes, prologue, roles, {}, characters)
    words = words_of(places)
    for _ in range(_ROUNDS):
        if not words:
            break
        places = Places(lines, envelopes, prologue, roles, words, characters)
        more = {
            key: [*dict.fromkeys([*words.get(key, []), *some])]
            for key, some in {**words, **words_of(places)}.items()
        }
        if more == words:
            break
        words = more
    return places


def _literals(
    lines: Sequence[Line], envelopes: Mapping[str, Envelope], prologue: Sequence[Piece]
) -> Iterator[str]:
    pieces: list[Piece] = [*prologue]
    for line in lines:
        pieces += [*line.pieces, Literal(line.tail)]
    for envelope in envelopes.values():
        pieces += [*envelope.open, *envelope.each, *envelope.sep, *envelope.close]
    for piece in flat(pieces):
        if isinstance(piece, Literal):
            yield piece.text
