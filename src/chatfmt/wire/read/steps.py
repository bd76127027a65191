"""Steps of the machine: the effect of one token, computed once and remembered.

A step depends only on the state, so `Steps` remembers it for all readers of a binding, up to a
limit.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from chatfmt.line.calls import CallObject
from chatfmt.wire.read.characters import HERE, PENDING, decode
from chatfmt.wire.read.following import Following
from chatfmt.wire.read.inside import Inside, inside
from chatfmt.wire.read.readings import common
from chatfmt.wire.read.recovery import Repairs
from chatfmt.wire.read.state import ARGUMENTS, State, Step
from chatfmt.wire.read.walk import CLOSED, Run, Walk, is_of_call, is_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.line.calls import CallState
    from chatfmt.line.machine import Machine
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.read.walk import Thread

__all__ = ["Steps", "steps_of"]

_MOST_STEPS = 200_000
_MOST_TEXT = 64  # longer tokens are not kept, because they rarely come again


class Steps:
    """All steps of one machine over one encoding, as far as they were requested."""

    def __init__(
        self, machine: Machine, table: Mapping[int, bytes], spellings: Mapping[int, str]
    ) -> None:
        self.machine = machine
        self.repairs = Repairs(machine)
        self.following = Following(machine)
        self._table = table
        self._spellings = spellings
        self._states: dict[tuple[tuple[Thread, ...], bytes, bool], State] = {}
        self._count = 0
        self.start = self.state(((machine.start, None),))
        self.between = self.state(((machine.between, None),))

    def state(
        self, threads: tuple[Thread, ...], pending: bytes = b"", *, split: bool = False
    ) -> State:
        """The state with these threads and this pending character."""
        key = threads, pending, split
        found = self._states.get(key)
        if found is None:
            free = any(self.machine.all[place].free for place, _ in threads)
            self._count += 1
            found = self._states[key] = State(threads, pending, split=split, free=free)
            place = self.machine.all[threads[0][0]]
            if place.plain and len(threads) == 1 and not pending:
                found.field = place.meaning.field
            whole = len(threads) == 1 and not pending and is_whole(place, threads[0][1])
            found.completes = place.completes and whole
        return found

    def same(self, state: State) -> State:
        """The state that equals this one, which may be older than the last `forget`."""
        return self.state(state.threads, state.pending, split=state.split)

    def after(self, role: str | None) -> State:
        """Where a message may begin after one of this role; None: at the start."""
        if not self.machine.is_placed:
            return self.between
        return self.state(((self.machine.after.get(role, self.machine.between), None),))

    def step(self, state: State, token: int) -> Step | None:
        """The effect of a token in a state; None if no reading continues.

        Raises:
            KeyError: the encoding has no such id.
        """
        try:
            return state.steps[token]
        except KeyError:
            pass
        spelling = self._spellings.get(token)
        if spelling is not None:
            step = self.special(state, spelling)
        else:
            data = self._table[token]
            step = self.text(state, data)
            if len(data) > _MOST_TEXT:
                return step
        if self._count >= _MOST_STEPS:
            self.forget()
        self._count += 1
        state.steps[token] = step
        if step is not None and step.state is state and not self.longest_border:
            self._note_stay(state, token, step)  # otherwise it matters where each id began
        return step

    @staticmethod
    def _note_stay(state: State, token: int, step: Step) -> None:
        if len(step.shared) != 1 or step.left or step.invalid or state.pending:
            return
        place, text, _, enters, _ = step.shared[0]
        goes_to = None
        if isinstance(place.scanner, CallObject):
            # no key appears twice, so a token that leads back to this state stays in the arguments
            scan: CallState = state.threads[0][1]  # type: ignore[assignment]
            goes_to = ARGUMENTS if scan.part == "arguments" else None
        elif place.is_free and place.scanner is None and not is_of_call(place):
            goes_to = place.meaning.field
        if text and goes_to is not None and not enters:
            state.stays[token], state.stays_in = text, goes_to

    def forget(self) -> None:
        """Drop everything remembered; readers in any state can continue."""
        for known in self._states.values():
            known.forget()
        self._states.clear()
        self._count = 0

    @cached_property
    def inside(self) -> Inside:
        """The places within calls, and within arguments."""
        return inside(self.machine)

    @cached_property
    def longest_border(self) -> int:
        """How many bytes of a message may come before it is known that it has begun."""
        return 4 * max(
            (move.since for place in self.machine.all for move in place.moves), default=0
        )

    def special(self, state: State, spelling: str) -> Step | None:
        """The effect of a special token."""
        walk = Walk(self.machine, state.threads)
        invalid: tuple[int, ...] = ()
        if state.pending:
            where = PENDING + state.split
            invalid = (where,)
            if not walk.character("\N{REPLACEMENT CHARACTER}", where):
                return None
        if not walk.special(spelling):
            return None
        return self._finish(walk, b"", invalid, begins=False, split=False)

    def flush(self, state: State) -> Step | None:
        """The effect of giving up on the pending character."""
        walk = Walk(self.machine, state.threads)
        if not walk.character("\N{REPLACEMENT CHARACTER}", PENDING + state.split):
            return None
        return self._finish(walk, b"", (), begins=False, split=False)

    def character(self, state: State, character: str, where: int) -> Step | None:
        """The effect of one character; it is not remembered."""
        walk = Walk(self.machine, state.threads)
        if not walk.character(character, where):
            return None
        return self._finish(walk, b"", (), begins=False, split=False)

    def text(self, state: State, data: bytes) -> Step | None:
        """The effect of a token of text."""
        if (step := self._plain(state, data)) is not None:
            return step
        characters, rest, at, invalid = decode(state.pending, data, split=state.split)
        walk = Walk(self.machine, state.threads, len(state.pending))
        for character, where in characters:
            if not walk.character(character, where):
                return None
        if rest and not walk.may_begin(rest):
            return None
        return self._finish(
            walk,
            rest,
            invalid,
            begins=bool(rest) and at >= 0,
            split=at > 0 or (at < 0 and state.split),
        )

    def may_begin(self, state: State, data: bytes) -> bool:
        """Whether a character that begins with these bytes may come next."""
        return Walk(self.machine, state.threads).may_begin(data)

    def _plain(self, state: State, data: bytes) -> Step | None:
        """The step of a whole text in a field that any text leads back to, without a walk."""
        place = self.machine.all[state.threads[0][0]]
        if not place.plain or len(state.threads) > 1 or state.pending:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        runs = (Run(place, text, HERE, enters=False),) if text else ()
        return Step(state, ((0, runs),), runs, (), (), begins=False, length=0)

    def allowed(self, state: State) -> tuple[set[str], bool]:
        """The special tokens that may come next, and whether text may."""
        spellings: set[str] = set()
        text = False
        for index, scan in state.threads:
            place = self.machine.all[index]
            if not is_whole(place, scan):
                text = True
                continue
            spellings |= place.specials.keys()
            text = text or any(move.enters or scan != CLOSED for move in place.moves)
        return spellings, text

    def _finish(
        self, walk: Walk, pending: bytes, invalid: tuple[int, ...], *, begins: bool, split: bool
    ) -> Step:
        threads, branches = walk.result()
        state = self.state(threads, pending, split=split and bool(pending))
        length = max(sum(run.header_length for run in runs) for _, runs in branches)
        shared, left = common([runs for _, runs in branches])
        return Step(state, branches, shared, left if any(left) else (), invalid, begins, length)


_STEPS: WeakKeyDictionary[Binding, Steps] = WeakKeyDictionary()


def steps_of(binding: Binding) -> Steps:
    """The steps that all readers of a binding share."""
    steps = _STEPS.get(binding)
    if steps is None:
        steps = Steps(binding.format.machine, binding.text, binding.spellings)
        steps = _STEPS.setdefault(binding, steps)
    return steps
