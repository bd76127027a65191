"""Takes one id at a time: walks the machine by its `Steps`.

The text of an id is written into a `Draft`. As long as several readings are possible, the parts on
which they disagree are kept, and written once only one reading is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.wire.read.draft import Draft
from chatfmt.wire.read.readings import agreement, more, runs_of, write_reading
from chatfmt.wire.read.recovery import Stand
from chatfmt.wire.read.report import Report
from chatfmt.wire.read.standing import Standing
from chatfmt.wire.read.steps import steps_of
from chatfmt.wire.read.trail import Trail
from chatfmt.wire.read.twin import twin
from chatfmt.wire.read.walk import CLOSED
from chatfmt.wire.spanwriter import SpanWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.errors import Issue
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.readings import Reading
    from chatfmt.wire.read.state import Step
    from chatfmt.wire.read.walk import Run
    from chatfmt.wire.spans import Span

__all__ = ["Reader"]


class Reader(Standing):
    """The state of a parser; the arguments are those of `StreamParser`."""

    def __init__(
        self,
        binding: Binding,
        *,
        strict: bool,
        prologue: bool,
        position: int,
        goes_on: str | None,
        before: str | None,
        unended: bool,
        messages: list[Message],
        spans: list[Span],
        issues: list[Issue],
    ) -> None:
        self.binding = binding
        self.messages = messages
        self.report = Report(self, issues, strict=strict)
        self.position = position
        steps = steps_of(binding)
        self.span = SpanWriter(spans, position)
        self.events: list[Event] = []
        draft = Draft(binding, self.span, messages, self.events, self.report, inside=steps.inside)
        draft.goes_on, draft.unended = goes_on, unended
        super().__init__(steps, draft, steps.start if prologue else steps.after(before))
        if not prologue or not binding.format.prologue_pieces:
            self.span.part = "stray"
        self.pending_at = position
        """Position of the id in which the incomplete character began."""
        self._unsettled = 0  # how many characters of a header were read in one of several readings
        most = steps.longest_border
        self._trail = Trail(binding.text, most) if most else None

    def copy(self, messages: list[Message], spans: list[Span], issues: list[Issue]) -> Reader:
        """An independent copy in the same state, which appends to these lists."""
        other = twin(self)
        other.messages = messages
        other.report = self.report.copy(other, issues)
        other.span, other.events = self.span.copy(spans), [*self.events]
        other.draft = self.draft.copy(other.span, messages, other.events, other.report)
        other.state = self.steps.same(self.state)
        other.readings = self.readings and [*self.readings]
        other._trail = self._trail and self._trail.copy()
        return other

    def stands(self) -> tuple[Stand, ...]:
        """Where each reading is, and how it got there."""
        return tuple(self._stand(thread) for thread in range(len(self.state.threads)))

    def _stand(self, thread: int) -> Stand:
        place, scan = self.state.threads[thread]
        origin, literal = self.draft.origin, ""
        reading = self.readings[thread] if self.readings is not None else None
        runs = [*reversed(runs_of(reading))]
        for at, run in enumerate(runs):
            if run.place.meaning.field is not None or not run.place.letter:
                origin, runs = run.place, runs[:at]
                break
        else:
            literal = self.draft.literal
        literal += "".join(run.text for run in reversed(runs))
        return Stand(place, None if origin is None else origin.index, literal, scan == CLOSED)

    def take(self, token: int) -> bool:
        """Take one id, if some reading continues with it."""
        if self.lost is not None:
            return False
        step = self.state.steps.get(token)
        if step is None:
            try:
                step = self.steps.step(self.state, token)
            except KeyError:
                return False
        if step is None:
            return False
        self.go(step, token)
        return True

    def go(self, step: Step, token: int) -> None:
        """Carry out a step."""
        for begins in step.invalid:
            self.report.invalid(begins)
        if self.readings is None:
            if step.shared:
                if self._trail is None:
                    self.draft.take(step.shared, self.position, self.pending_at, token)
                else:
                    for run, began in self._trail.placed(step.shared, self.pending_at):
                        self.draft.take((run,), self.position, began, token)
            if step.left:
                self.readings = [self._more(None, runs, token) for runs in step.left]
        else:
            self._branch(self.readings, step, token)
        self._unsettled = 0 if self.readings is None else self._unsettled + step.length
        if self._trail is not None:
            self._trail.take(token, self.position)
        if step.begins:
            self.pending_at = self.position
        self.state = step.state
        if step.state.completes and self.draft.is_open:
            self.draft.finish(token)

    def _branch(self, before: list[Reading], step: Step, token: int) -> None:
        self.readings = [self._more(before[origin], runs, token) for origin, runs in step.branches]
        kept = {origin for origin, _ in step.branches}
        if len(self.readings) == 1 or len(kept) < len(before):  # otherwise no more is agreed
            self._write_agreement(self.readings)

    def _more(self, reading: Reading, runs: Sequence[Run], token: int) -> Reading:
        """The reading, continued with these runs of an id."""
        if self._trail is None:
            return more(reading, runs, (self.position, self.pending_at, token))
        for run, began in self._trail.placed(runs, self.pending_at):
            reading = more(reading, (run,), (self.position, began, token))
        return reading

    def _write_agreement(self, readings: list[Reading]) -> None:
        """Write the text that all readings agree on."""
        shared, left = agreement(readings)
        write_reading(self.draft, shared)
        self.readings = left if any(left) else None

    def restrict(self, role: str) -> None:
        """Keep only the readings of this role's lines, because the speaker is known."""
        kept = [i for i, place in enumerate(self.places()) if role in place.roles]
        if kept and len(kept) < len(self.state.threads):
            self._keep(kept)
        self.draft.begin_prompted()

    def _keep(self, threads: list[int]) -> None:
        readings = self.readings or [None] * len(self.state.threads)
        self._write_agreement([readings[i] for i in threads])
        kept = tuple(self.state.threads[i] for i in threads)
        self.state = self.steps.state(kept, self.state.pending, split=self.state.split)

    @property
    def is_overlong(self) -> bool:
        """Whether the header has more text than the format allows."""
        return self.draft.heading.length + self._unsettled > self.binding.format.longest_header

    def settle(self, thread: int) -> None:
        """Give up on all readings except one."""
        if self.readings is not None:
            write_reading(self.draft, self.readings[thread])
            self.readings = None
        kept = self.state.threads[thread]
        self.stand(kept[0], kept[1])

    def stand(self, place: int, scan: object = None) -> None:
        """Move to one place, and keep the pending character."""
        state = self.state
        self.state = self.steps.state(((place, scan),), state.pending, split=state.split)

    def break_off(self) -> None:
        """Note that something has come that has no place: a header field takes no more text."""
        threads = [
            (i, CLOSED if self._is_header_field(i) else scan) for i, scan in self.state.threads
        ]
        self.state = self.steps.state(tuple(threads), self.state.pending, split=self.state.split)

    def _is_header_field(self, index: int) -> bool:
        place = self.steps.machine.all[index]
        scanned = place.scanner is not None
        return place.meaning.field is not None and not (place.is_free or place.letter or scanned)

    def set_pending(self, pending: bytes, *, split: bool) -> None:
        """Wait for the rest of a character."""
        self.state = self.steps.state(self.state.threads, pending, split=split and bool(pending))

    def tell(self, event: Event) -> None:
        """Give out an event."""
        self.events.append(event)
