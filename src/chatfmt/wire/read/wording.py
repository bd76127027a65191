"""How errors say where a reader stands, and what it expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place
    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.read.steps import State

__all__ = ["free_field", "header_closers", "what_may_follow", "where"]


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


def what_may_follow(machine: Machine, state: State, *, literal: bool) -> str:
    """What a reader expects, for people: ``literal`` where it is text that the format fixes."""
    standing = [machine.all[place] for place, _ in state.threads]
    if literal:
        return _fixed(machine, standing[0])
    one_of = " or ".join(_tokens(machine, standing))
    if any(free_field(machine, place) for place in standing):
        return f"text or {one_of}"
    return f"header text and then {one_of}" if any(p.moves for p in standing) else one_of


def header_closers(machine: Machine, node: Place) -> frozenset[str]:
    """The special tokens that close the header text after a place."""
    return frozenset(_tokens(machine, [node], header=True))


def _tokens(machine: Machine, standing: list[Place], *, header: bool = False) -> list[str]:
    """The special tokens that may come next, after text that may stand before them."""
    seen = {place.index for place in standing}
    tokens: list[str] = []
    for place in standing:
        targets = [machine.all[move.target] for move in place.moves]
        free = [target for target in targets if header and target.part_is_free]
        tokens += [t for t in place.specials if not any(t in f.specials for f in free)]
        for move in place.moves:
            if move.target not in seen and machine.all[move.target] not in free:
                seen.add(move.target)
                standing.append(machine.all[move.target])
    return [*dict.fromkeys(tokens)]


def _fixed(machine: Machine, place: Place) -> str:
    """The text or special token that must come next."""
    [first, *_] = machine.missing(place.index)
    return first if isinstance(first, str) else repr(first.decode(errors="backslashreplace"))
