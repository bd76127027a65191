"""Words for errors about where a reader is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.fields import noun
from chatfmt.wire.read.following import free_field

if TYPE_CHECKING:
    from chatfmt.line.machine import Machine
    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.read.state import State

__all__ = ["where"]


def where(machine: Machine, state: State, draft: Draft, *, lost: bool) -> str:
    """The reader's place, in words."""
    standing = [machine.all[place] for place, _ in state.threads]
    if draft.is_open:
        fields = () if lost else (free_field(machine, place) for place in standing)
        field = next((field for field in fields if field), None)
        in_calls = all(place.meaning.part == "calls" for place in standing)
        part = field or ("calls" if in_calls else "header")
        return f"{noun(part)} of message {draft.index}"
    ahead = [machine.all[move.target].meaning.part for p in standing for move in p.moves]
    ahead += [
        machine.all[t].meaning.part for p in standing for ts in p.specials.values() for t in ts
    ]
    if ahead and set(ahead) == {"prologue"}:
        return "the prologue"
    if ahead and set(ahead) == {"tail"}:
        return f"the tail of message {draft.index}"
    return "between messages"
