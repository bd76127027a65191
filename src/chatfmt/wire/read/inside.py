"""Where a call continues, and where an argument does: the places that can still be reached."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.wire.read.walk import is_of_call

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place

__all__ = ["Inside", "inside"]


class Inside(NamedTuple):
    """Places, by number."""

    calls: frozenset[int]
    """After these, the current call continues, if one is open."""
    arguments: frozenset[int]
    """After these, the current argument continues, if one is open."""


def inside(machine: Machine) -> Inside:
    """The places of a machine that are within a call or an argument."""
    return Inside(
        _leading_to(machine, is_of_call, {None, "argument"}),
        _leading_to(machine, lambda place: place.meaning.field == "arg.value", {None}),
    )


def _leading_to(
    machine: Machine, to: Callable[[Place], bool], past: Collection[str | None]
) -> frozenset[int]:
    """These places, and all that lead there without opening anything else on the way."""
    before: list[list[int]] = [[] for _ in machine.all]
    for place in machine.all:
        for target in (*(m.target for m in place.moves), *chain(*place.specials.values())):
            before[target].append(place.index)
    todo = [place.index for place in machine.all if to(place)]
    found = {*todo}
    for index in todo:
        if machine.all[index].meaning.opens in past:
            todo += [source for source in before[index] if source not in found]
            found |= {*before[index]}
    return frozenset(found)
