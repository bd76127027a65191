"""Random ways through a machine: what is read strictly is written the same again.

What a walk writes is read with no issue, or refused for a reason that the machine does not know,
such as a value that is too long or an id of the wrong shape.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chatfmt import ParseError, RenderError
from chatfmt.line.calls import CallObject, spell_call
from chatfmt.line.scanners import scan

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from chatfmt import ChatFormat, ChatTokenizer, Conversation
    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place
    from chatfmt.line.scanners import Scanner

_OTHERS = "qZ0-.é{"
_VALUES = ('{"a": [1, "}"]}', "{}", '"a"', '"\\\\x"', '""')


def _letters(machine: Machine) -> str:
    literal = {place.letter for place in machine.all}
    return "".join(sorted({*"".join(literal), *_OTHERS}))


def walk(format: ChatFormat, chance: random.Random, most: int) -> list[str] | None:
    """A sequence of messages: characters and special tokens; None if it does not end in time."""
    machine = format.machine
    letters = _letters(machine)
    firsts = {line.ends[0] for line in format.lines if line.ends}
    never = {end for line in format.lines for end in line.ends[1:]} - firsts
    found: list[str] = []
    role = ""
    place = machine.all[machine.start]
    for _ in range(most):
        if place.accepts and not place.completes and chance.random() < 0.4:
            left = machine.missing(place.index)
            return found + [one if isinstance(one, str) else one.decode() for one in left]
        ways = [*_ways(machine, place, role[:1] or letters, never)]
        if not ways:
            return None
        tokens = [way for way in ways if len(way[0]) > 1]
        symbol, index = chance.choice(tokens if tokens and chance.random() < 0.4 else ways)
        place = machine.all[index]
        if place.meaning.field == "role" and not role:
            spellings = [*format.role_spellings.values()]
            role = chance.choice([one for one in spellings if one[0] == symbol] or [symbol])
        role = role[1:]
        found += [symbol] if place.scanner is None else _value(place.scanner, chance)
    return None


def _ways(
    machine: Machine, place: Place, letters: str, never: set[str]
) -> Iterator[tuple[str, int]]:
    for spelling, targets in place.specials.items():
        if spelling not in never:
            yield from ((spelling, target) for target in targets)
    for move in place.moves:
        for letter in letters:
            if machine.characters.kind(letter) & move.characters:
                yield letter, move.target


def _value(scanner: Scanner[Any], chance: random.Random) -> str:
    """A value as it is written."""
    if isinstance(scanner, CallObject):
        return spell_call("f", _VALUES[0], scanner.id and "a", scanner)
    values = [value for value in _VALUES if scan(scanner, value) == (len(value), True)]
    return chance.choice(values)


def check(tok: ChatTokenizer, chance: random.Random, most: int = 80) -> bool:
    """One walk, read and written again; whether there was one that could be read."""
    return read_and_written(tok, chance, most) is not None


def read_and_written(
    tok: ChatTokenizer, chance: random.Random, most: int = 80
) -> Conversation | None:
    """The text of one walk, read and written again; None if it could not be read."""
    symbols = walk(tok.format, chance, most)
    if symbols is None:
        return None
    special = tok.encoding.special_tokens
    ids: list[int] = []
    for symbol in symbols:
        known = special.get(symbol)
        ids += tok.encoding.encode_ordinary(symbol) if known is None else [known]
    try:
        read = tok.decode(ids)
    except ParseError:
        return None
    try:
        again = tok.encode(read)
    except RenderError as error:
        raise AssertionError((tok.format.row(), "".join(symbols), read)) from error
    assert tok.decode(again) == read, (tok.format.row(), "".join(symbols), read)
    if _has_one_spelling(tok.format, [message.role for message in read.messages]):
        assert _spelled(tok, again) == _spelled(tok, ids), (tok.format.row(), symbols, read)
    return read


def _spelled(tok: ChatTokenizer, ids: list[int]) -> list[int]:
    """Special tokens, and the bytes of all others: whichever tokens a text has been cut into."""
    special = {*tok.encoding.special_tokens.values()}
    return [
        one
        for i in ids
        for one in ([i] if i in special else [~byte for byte in tok.encoding.token_bytes(i)])
    ]


def _has_one_spelling(format: ChatFormat, roles: list[str]) -> bool:
    """Whether nothing else is read as these messages: no other line, no second envelope."""
    twice = {role for role, following in pairwise(roles) if role == following}
    return twice.isdisjoint(format.envelopes) and all(
        len(format.lines_of[role]) == 1 for role in roles
    )
