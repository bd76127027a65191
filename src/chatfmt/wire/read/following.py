"""Words for errors about what a reader expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place

__all__ = ["Following", "free_field"]

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


class Following:
    """Describes what may follow in a machine; remembered, because garbage asks at every id."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._after: dict[tuple[int, ...], str] = {}
        self._closers: dict[int, frozenset[str]] = {}

    def what(self, places: tuple[int, ...], *, literal: bool) -> str:
        """The things a reader expects at these places; ``literal``: text that the format fixes."""
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
    text = "text of the call" if all(p.meaning.part == "calls" for p in standing) else "header text"
    one_of = " or ".join(_tokens(machine, standing))
    if any(free_field(machine, place) for place in standing):
        return f"text or {one_of}"
    return f"{text} and then {one_of}" if any(p.moves for p in standing) else one_of


def _tokens(machine: Machine, standing: list[Place], *, header: bool = False) -> list[str]:
    """The special tokens that may come next, after text that may be before them.

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
