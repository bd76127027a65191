"""How errors say where a reader stands, and what it expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place
    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.read.steps import State

__all__ = ["Following", "free_field", "where"]

_MOST_KNOWN = 4096


def free_field(machine: Machine, place: Place) -> str | None:
    """The free-text field that a place belongs to, or that may begin right after it."""
    if place.is_free:
        return place.meaning.field
    for move in place.moves:
        target = machine.all[move.target]
        if target.is_free:
            return target.meaning.field
    return None


def where(machine: Machine, state: State, draft: Draft, *, lost: bool) -> str:
    """Where a reader stands, for people."""
    standing = [machine.all[place] for place, _ in state.threads]
    if draft.is_open:
        fields = () if lost else (free_field(machine, place) for place in standing)
        field = next((field for field in fields if field), None)
        in_calls = all(place.meaning.part == "calls" for place in standing)
        part = field or ("calls" if in_calls else "header")
        return f"the {part} of message {draft.index}"
    ahead = [machine.all[move.target].meaning.part for p in standing for move in p.moves]
    ahead += [
        machine.all[t].meaning.part for p in standing for ts in p.specials.values() for t in ts
    ]
    if ahead and set(ahead) == {"prologue"}:
        return "the prologue"
    if ahead and set(ahead) == {"tail"}:
        return f"the tail of message {draft.index}"
    return "between messages"


class Following:
    """What may follow in one machine, for people; remembered, for garbage asks at every id."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._after: dict[tuple[int, ...], str] = {}
        self._closers: dict[int, frozenset[str]] = {}

    def what(self, state: State, *, literal: bool) -> str:
        """What a reader expects: ``literal`` where it is text that the format fixes."""
        places = tuple(place for place, _ in state.threads)
        if literal:
            return _fixed(self._machine, self._machine.all[places[0]])
        if places not in self._after:
            if len(self._after) >= _MOST_KNOWN:
                self._after.clear()
            self._after[places] = _what(self._machine, [self._machine.all[i] for i in places])
        return self._after[places]

    def closers(self, node: Place) -> frozenset[str]:
        """The special tokens that close the header text after a place."""
        if node.index not in self._closers:
            found = frozenset(_tokens(self._machine, [node], header=True))
            self._closers[node.index] = found
        return self._closers[node.index]


def _what(machine: Machine, standing: list[Place]) -> str:
    one_of = " or ".join(_tokens(machine, standing))
    if any(free_field(machine, place) for place in standing):
        return f"text or {one_of}"
    return f"header text and then {one_of}" if any(p.moves for p in standing) else one_of


def _tokens(machine: Machine, standing: list[Place], *, header: bool = False) -> list[str]:
    """The special tokens that may come next, after text that may stand before them.

    The places to which that text leads are appended to ``standing``.
    """
    seen = {place.index for place in standing}
    tokens: list[str] = []
    for place in standing:
        targets = [machine.all[move.target] for move in place.moves]
        free = [target for target in targets if header and target.part_is_free]
        tokens += [t for t in place.specials if not any(t in f.specials for f in free)]
        for target in targets:
            if target.index not in seen and target not in free:
                seen.add(target.index)
                standing.append(target)
    return [*dict.fromkeys(tokens)]


def _fixed(machine: Machine, place: Place) -> str:
    """The text or special token that must come next."""
    [first, *_] = machine.missing(place.index)
    return first if isinstance(first, str) else repr(first.decode(errors="backslashreplace"))
