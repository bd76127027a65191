"""Where a constrained model can go: the places left to it, and the fields that begin after one."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from chatfmt.line.place import FIRST_CALL

if TYPE_CHECKING:
    from chatfmt.line.format import ChatFormat
    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Place

__all__ = ["alive", "begun_after"]


def alive(format: ChatFormat, role: str, *, has_calls: bool) -> frozenset[int]:
    """The places from which a token that stops the model can be reached by lines of this role.

    >>> import chatfmt
    >>> row = chatfmt.get_format("qwen-3")
    >>> len(alive(row, "assistant", has_calls=False)) < len(alive(row, "assistant", has_calls=True))
    True
    """
    places, stops = format.machine.all, format.stop_spellings
    mine = {p.index for p in places if not p.roles or role in p.roles}
    if not has_calls:
        mine -= {place.index for place in places if _is_of_call(place)}
    before: dict[int, list[int]] = {}
    for place in places:
        for target in (*(m.target for m in place.moves), *chain(*place.specials.values())):
            before.setdefault(target, []).append(place.index)
    todo = [index for index in mine if any(stop in places[index].specials for stop in stops)]
    found = {*todo}
    for index in todo:
        more = [at for at in before.get(index, ()) if at in mine and at not in found]
        found.update(more)
        todo += more
    return frozenset(found)


def _is_of_call(place: Place) -> bool:
    return place.meaning.opens in {"call", FIRST_CALL} or place.meaning.field == "recipient"


def begun_after(machine: Machine, place: Place) -> list[Place]:
    """The places of free text that may begin after a place, or be passed over.

    >>> import chatfmt
    >>> machine = chatfmt.get_format("gpt-4o").machine
    >>> found = [begun_after(machine, place) for place in machine.all]
    >>> {place.meaning.field for some in found for place in some}
    {'content'}
    """
    targets = (machine.all[move.target] for move in place.moves if move.enters)
    return [to for to in targets if to.is_free and to.scanner is None and not place.is_free]
