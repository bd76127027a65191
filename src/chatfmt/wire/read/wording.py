"""How errors say where a reader stands, and what it expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.fields import FREE_TEXT

if TYPE_CHECKING:
    from chatfmt.line.places import Place, Places
    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.read.steps import State

__all__ = ["free_field", "header_closers", "what_may_follow", "where"]


def free_field(places: Places, place: Place) -> str | None:
    """The free-text field that a place belongs to, or that may begin right after it."""
    if place.meaning.field in FREE_TEXT and not place.letter:
        return place.meaning.field
    for move in place.moves:
        target = places.all[move.target]
        if target.meaning.field in FREE_TEXT and not target.letter:
            return target.meaning.field
    return None


def where(places: Places, state: State, draft: Draft, *, lost: bool) -> str:
    """Where a reader stands, for people."""
    standing = [places.all[place] for place, _ in state.threads]
    if draft.is_open:
        fields = () if lost else (free_field(places, place) for place in standing)
        field = next((field for field in fields if field), None)
        return f"the {field or 'header'} of message {draft.index}"
    ahead = [places.all[move.target].meaning.part for p in standing for move in p.moves]
    ahead += [
        places.all[t].meaning.part for p in standing for ts in p.specials.values() for t in ts
    ]
    if ahead and set(ahead) == {"prologue"}:
        return "the prologue"
    if ahead and set(ahead) == {"tail"}:
        return f"the tail of message {draft.index}"
    return "between messages"


def what_may_follow(places: Places, state: State, *, literal: bool) -> str:
    """What a reader expects, for people: ``literal`` where it is text that the format fixes."""
    standing = [places.all[place] for place, _ in state.threads]
    if literal:
        return _fixed(places, standing[0])
    one_of = " or ".join(_tokens(places, standing))
    if any(free_field(places, place) for place in standing):
        return f"text or {one_of}"
    return f"header text and then {one_of}" if any(p.moves for p in standing) else one_of


def header_closers(places: Places, node: Place) -> frozenset[str]:
    """The special tokens that close the header text after a place."""
    return frozenset(_tokens(places, [node], header=True))


def _tokens(places: Places, standing: list[Place], *, header: bool = False) -> list[str]:
    """The special tokens that may come next, after text that may stand before them."""
    seen = {place.index for place in standing}
    tokens: list[str] = []
    for place in standing:
        targets = [places.all[move.target] for move in place.moves]
        free = [target for target in targets if header and target.part_is_free]
        tokens += [t for t in place.specials if not any(t in f.specials for f in free)]
        for move in place.moves:
            if move.target not in seen and places.all[move.target] not in free:
                seen.add(move.target)
                standing.append(places.all[move.target])
    return [*dict.fromkeys(tokens)]


def _fixed(places: Places, place: Place) -> str:
    """The text or special token that must come next."""
    [first, *_] = places.missing(place.index)
    return first if isinstance(first, str) else repr(first.decode(errors="backslashreplace"))
