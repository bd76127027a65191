"""The ways that a lenient reader follows, chosen from those of `chatfmt.wire.read.recovery`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.wire.read.characters import HERE
from chatfmt.wire.read.walk import Run

if TYPE_CHECKING:
    from chatfmt.wire.read.reader import Reader
    from chatfmt.wire.read.recovery import Way
    from chatfmt.wire.read.stray import Strays

__all__ = ["Ways"]


class Ways:
    """Leads a reader on."""

    def __init__(self, reader: Reader, strays: Strays) -> None:
        self._reader = reader
        self._strays = strays

    def leads_on(self, spelling: str) -> bool:
        """Whether this special token leads on from where the reader is lost."""
        draft = self._reader.draft
        ends = spelling in self._reader.steps.machine.end_spellings
        ends = ends and draft.is_open and draft.role is not None
        return ends or self.starts(spelling) or self.to(spelling) is not None

    def starts(self, spelling: str) -> bool:
        """Whether a message begins with this special token."""
        machine = self._reader.steps.machine
        return spelling in machine.all[machine.between].specials

    def to(self, spelling: str) -> Way | None:
        """The way to where a special token is taken; one that begins a message is preferred."""
        reader, is_open = self._reader, self._reader.draft.is_open
        broken = reader.lost is not None and reader.is_within_call
        way = reader.steps.repairs.find(reader.stands(), spelling, broken=broken)
        if way is None or way.begins or (reader.lost is not None and not is_open):
            return None
        return None if way.past_special and is_open and self.starts(spelling) else way

    def past_arguments(self, spelling: str) -> bool:
        """Give up a call that lists its arguments, if this token comes later in calls."""
        reader = self._reader
        if reader.draft.calls.open is None or not reader.binding.format.arguments:
            return False
        self._strays.settle()
        place = reader.steps.repairs.later_in_calls(reader.state.threads[0][0], spelling)
        if place is None:
            return False
        reader.draft.calls.break_off()
        reader.lost = None
        reader.stand(place)
        return True

    def follow(self, way: Way) -> bool:
        """Follow a way; return False if what it skips may have hidden the end of a role."""
        reader, machine = self._reader, self._reader.steps.machine
        reader.settle(way.thread)
        unknown = reader.draft.unknown_role
        if way.skipped and not way.taken_back and unknown is not None:
            reader.report.unknown_role(unknown, reader.position)
            return False
        self._strays.tell(-1, way.taken_back)
        reader.draft.literal = reader.draft.literal.removesuffix(way.taken_back)
        self._reader.lost = None
        skipped = [Run(machine.all[place], "", HERE, enters=True) for place, _ in way.skipped]
        reader.draft.take(skipped, reader.position, reader.pending_at, -1)
        reader.stand(way.place)
        if not skipped:
            reader.break_off()
        return True
