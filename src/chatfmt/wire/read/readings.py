"""The texts of several readings that are still possible, and the part that they agree on.

If two lines differ only in what follows a field, both readings have read the same text of that
field. It is given out as it comes, because it is the same for whichever line it turns out to be.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chatfmt.line.jsontext import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.read.walk import Run

__all__ = ["Item", "Reading", "agreement", "common", "more", "runs_of", "write_reading"]

Reading: TypeAlias = "tuple[Reading, Item] | None"
"""The text of one of several readings: everything before, and a run."""


class Item(NamedTuple):
    """A run, and where it was read."""

    run: Run
    position: int
    pending_at: int
    """Where a pending character began."""
    token: int


def more(reading: Reading, runs: Sequence[Run], where: tuple[int, int, int]) -> Reading:
    """The reading, continued with these runs of one id."""
    for run in runs:
        reading = reading, Item(run, *where)
    return reading


def write_reading(draft: Draft, reading: Reading) -> None:
    """Write everything that a reading has read."""
    for run, position, pending_at, token in _in_order(reading):
        draft.take((run,), position, pending_at, token)


def runs_of(reading: Reading) -> list[Run]:
    """All runs of a reading."""
    return [item.run for item in _in_order(reading)]


def _in_order(reading: Reading) -> Iterator[Item]:
    kept = []
    while reading is not None:
        reading, item = reading
        kept.append(item)
    return reversed(kept)


def agreement(readings: Sequence[Reading]) -> tuple[Reading, list[Reading]]:
    """The text that all have read first, and the rest of each; for a single one, all of it."""
    if len(readings) == 1:
        return readings[0], [None]
    shared, left = _agreed([[*_in_order(reading)] for reading in readings])
    return _linked(shared), [_linked(items) for items in left]


def common(
    branches: Sequence[tuple[Run, ...]],
) -> tuple[tuple[Run, ...], tuple[tuple[Run, ...], ...]]:
    """The runs of one id with which all begin, and the rest of each."""
    if len(branches) == 1:
        return branches[0], ()
    shared, left = _agreed([[Item(run, 0, 0, 0) for run in runs] for runs in branches])
    return _runs(shared), tuple(map(_runs, left))


def _runs(items: Sequence[Item]) -> tuple[Run, ...]:
    return tuple(item.run for item in items)


def _agreed(readings: Sequence[Sequence[Item]]) -> tuple[list[Item], list[list[Item]]]:
    """The free text with which all begin, and the rest of each."""
    left = [deque(items) for items in readings]
    shared: list[Item] = []
    while all(left):
        first, *others = heads = [items[0] for items in left]
        if not all(_of_one_field(first.run, other.run) for other in others):
            break
        text = _beginning([head.run.text for head in heads])
        if not text and not all(_is_same_beginning(first.run, head.run) for head in heads):
            break
        shared.append(first._replace(run=first.run._replace(text=text)))
        for items, head in zip(left, heads, strict=True):
            items.popleft()
            if rest := head.run.text[len(text) :]:
                items.appendleft(head._replace(run=head.run._replace(text=rest, enters=False)))
    return shared, [[*items] for items in left]


def _of_one_field(one: Run, other: Run) -> bool:
    """Whether two runs are text of the same field, whatever follows it."""
    here, there = one.place, other.place
    return (
        one.enters == other.enters
        and here.is_free
        and here.scanner == there.scanner
        and here.roles == there.roles
        and here.meaning._replace(gives=None) == there.meaning._replace(gives=None)
    )


def _beginning(texts: Sequence[str]) -> str:
    """Their common beginning."""
    least, most = min(texts), max(texts)
    return least[: difference(least, most)]


def _is_same_beginning(one: Run, other: Run) -> bool:
    """Whether two runs without text mean the same: that a field is there."""
    return not one.text and not other.text and one.place.meaning == other.place.meaning


def _linked(items: Sequence[Item]) -> Reading:
    reading: Reading = None
    for item in items:
        reading = reading, item
    return reading
