"""Steps of the machine: what one token does, worked out once and remembered.

A `State` is where a reader may stand: one *thread* for each reading that is still possible, nearly
always one, and the bytes of a character that is not complete. What a token does from a state is a
`Step`: the state that follows, and the *runs* of characters that it brings, each with the place to
which it belongs. A step depends on nothing else, so `Steps` remembers it for all readers of a
binding, within a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from chatfmt.wire.read.recovery import Repairs

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Move, Place
    from chatfmt.wire.binding import Binding

__all__ = [
    "CLOSED",
    "HERE",
    "PENDING",
    "Run",
    "State",
    "Step",
    "Steps",
    "Thread",
    "decode",
    "steps_of",
]

_MOST_STEPS = 200_000
_MOST_TEXT = 64  # longer tokens are not kept: they hardly ever return

Thread: TypeAlias = "tuple[int, Hashable]"
"""A place, and the state of its scanner, or `CLOSED`, or None."""

CLOSED = "closed"
"""Stands at the place of a header field that takes no more text: something came between."""

HERE, WITHIN, PENDING, WITHIN_PENDING = range(4)
"""Where a run begins: with the token, within it, with the token in which a character began that is
complete only now, or within that one."""


class Run(NamedTuple):
    """Characters of one token that mean the same."""

    place: Place
    text: str
    """The characters; empty for a special token."""
    where: int
    enters: bool
    """Whether something begins with this run that was not there before."""


class Step(NamedTuple):
    """What a token does in a state."""

    state: State
    branches: tuple[tuple[int, tuple[Run, ...]], ...]
    """For each thread of the new state: the thread before, and what it has read since."""
    invalid: tuple[int, ...]
    """For each part that is invalid UTF-8, where it begins."""
    begins: bool
    """Whether the character that is pending now begins in this token."""
    length: int
    """How many characters of a header were read, in the reading that has the most."""


class State:
    """Where a reader may stand. Equal states are the same object."""

    __slots__ = ("completes", "field", "free", "pending", "split", "steps", "threads")

    def __init__(
        self, threads: tuple[Thread, ...], pending: bytes, *, split: bool, free: bool
    ) -> None:
        self.threads = threads
        self.pending = pending
        """The bytes of a character that is not complete."""
        self.split = split
        """Whether that character begins within its token."""
        self.free = free
        """Whether text that goes on for any length is expected in some thread."""
        self.field: str | None = None
        """The field to which any text belongs that comes now, where that is certain."""
        self.completes = False
        """Whether a message of an envelope is complete, and the envelope still open."""
        self.steps: dict[int, Step | None] = {}
        """Token to its step; None where no reading goes on."""


class Steps:
    """All steps of one machine over one encoding, as far as they were asked for."""

    def __init__(
        self, machine: Machine, table: Mapping[int, bytes], spellings: Mapping[int, str]
    ) -> None:
        self.machine = machine
        self.repairs = Repairs(machine)
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
            found = self._states[key] = State(threads, pending, split=split, free=free)
            place = self.machine.all[threads[0][0]]
            if place.plain and len(threads) == 1 and not pending:
                found.field = place.meaning.field
            found.completes = place.completes and len(threads) == 1 and not pending
        return found

    def step(self, state: State, token: int) -> Step | None:
        """What a token does in a state; None if no reading goes on.

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
        return step

    def forget(self) -> None:
        """Drop all that is remembered; whoever stands in a state goes on all the same."""
        for known in self._states.values():
            known.steps = {}
        self._states.clear()
        self._count = 0

    def special(self, state: State, spelling: str) -> Step | None:
        """What a special token does."""
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
        """What it does that the character that is pending will never be complete."""
        walk = Walk(self.machine, state.threads)
        if not walk.character("\N{REPLACEMENT CHARACTER}", PENDING + state.split):
            return None
        return self._finish(walk, b"", (), begins=False, split=False)

    def character(self, state: State, character: str, where: int) -> Step | None:
        """What one character does; not remembered."""
        walk = Walk(self.machine, state.threads)
        if not walk.character(character, where):
            return None
        return self._finish(walk, b"", (), begins=False, split=False)

    def text(self, state: State, data: bytes) -> Step | None:
        """What a token of text does."""
        if (step := self._plain(state, data)) is not None:
            return step
        characters, rest, at, invalid = decode(state.pending, data, split=state.split)
        walk = Walk(self.machine, state.threads)
        for character, where in characters:
            if not walk.character(character, where):
                return None
        if rest and not walk.takes_other_characters:
            return None
        return self._finish(
            walk,
            rest,
            invalid,
            begins=bool(rest) and at >= 0,
            split=at > 0 or (at < 0 and state.split),
        )

    def takes_other_characters(self, state: State) -> bool:
        """Whether a character outside ASCII may come next."""
        return Walk(self.machine, state.threads).takes_other_characters

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
        return Step(state, ((0, runs),), (), begins=False, length=0)

    def allowed(self, state: State) -> tuple[set[str], bool]:
        """The special tokens that may come next, and whether text may."""
        spellings: set[str] = set()
        text = False
        for index, scan in state.threads:
            place = self.machine.all[index]
            if place.scanner is not None and not place.scanner.complete(scan):
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
        length = max(sum(map(_header_length, runs)) for _, runs in branches)
        return Step(state, branches, invalid, begins, length)


_STEPS: WeakKeyDictionary[Binding, Steps] = WeakKeyDictionary()


def steps_of(binding: Binding) -> Steps:
    """The steps that all readers of a binding share."""
    steps = _STEPS.get(binding)
    if steps is None:
        steps = Steps(binding.format.machine, binding.text, binding.spellings)
        steps = _STEPS.setdefault(binding, steps)
    return steps


class _Way:
    """One thread while a token is walked."""

    __slots__ = ("began", "origin", "place", "runs", "scan")

    def __init__(
        self, origin: int, place: Place, scan: Hashable, runs: list[Run], *, began: bool
    ) -> None:
        self.origin = origin
        self.place = place
        self.scan = scan
        self.runs = runs
        self.began = began  # whether what its first place holds back is among the runs


class Walk:
    """The threads of a state, walked by the characters of a token."""

    def __init__(self, machine: Machine, threads: Sequence[Thread]) -> None:
        self.machine = machine
        self.ways = [
            _Way(i, machine.all[place], scan, [], began=False)
            for i, (place, scan) in enumerate(threads)
        ]

    def character(self, character: str, where: int) -> bool:
        """Go on by one character; whether any reading does."""
        kind = self.machine.characters.kind(character)
        found: dict[Thread, _Way] = {}
        for way in self.ways:
            if way.place.scanner is not None:
                scan = way.place.scanner.step(way.scan, character)
                if scan is not None:
                    more = self._more(way, way.place, scan, character, where)
                    found.setdefault((way.place.index, scan), more)
                if not way.place.scanner.complete(way.scan):
                    continue
            for move in way.place.moves:
                if kind & move.characters and (move.enters or way.scan != CLOSED):
                    self._move(way, move, character, where, found)
        if not found:
            return False
        self.ways = [*found.values()]
        return True

    def _move(
        self, way: _Way, move: Move, character: str, where: int, found: dict[Thread, _Way]
    ) -> None:
        target = self.machine.all[move.target]
        scan = None
        if target.scanner is not None:
            scan = target.scanner.step(target.scanner.start(), character)
        if (target.index, scan) not in found:
            if move.enters:
                way = self._entered(way, target, character, where, back=move.back)
                way.scan = scan
            else:
                way = self._more(way, target, scan, character, where)
            found[target.index, scan] = way

    def special(self, spelling: str) -> bool:
        """Go on by a special token; whether any reading does."""
        found: dict[Thread, _Way] = {}
        for way in self.ways:
            if way.place.scanner is not None and not way.place.scanner.complete(way.scan):
                continue
            for index in way.place.specials.get(spelling, ()):
                if (index, None) not in found:
                    found[index, None] = self._entered(way, self.machine.all[index], "", HERE)
        if not found:
            return False
        self.ways = [*found.values()]
        return True

    def _more(self, way: _Way, target: Place, scan: Hashable, character: str, where: int) -> _Way:
        """More of the same field."""
        runs = self._begun(way)
        last = runs[-1] if runs else None
        if last is not None and last.place.meaning.field == target.meaning.field:
            runs[-1] = last._replace(text=last.text + character)
        else:
            runs.append(Run(target, character, where, enters=False))
        return _Way(way.origin, target, scan, runs, began=True)

    def _entered(
        self, way: _Way, target: Place, character: str, where: int, *, back: int = 0
    ) -> _Way:
        """Something else begins, or literal text goes on."""
        runs = self._begun(way)
        if back:  # what was held back of the fence is no text of the field
            held = runs[-1].text
            runs[-1] = runs[-1]._replace(text=held[:-back])
            character = held[-back:] + character
        last = runs[-1] if runs else None
        if target.letter and way.place.letter and way.place.meaning == target.meaning:
            if last is not None:
                runs[-1] = last._replace(text=last.text + character)
            else:
                runs.append(Run(target, character, where, enters=False))
        else:
            runs.append(Run(target, character, where, enters=True))
        return _Way(way.origin, target, None, runs, began=True)

    def _begun(self, way: _Way) -> list[Run]:
        """A copy of the runs, with what was held back before this token."""
        runs = [*way.runs]
        if not way.began and way.place.held:
            runs.insert(0, Run(way.place, way.place.held, HERE, enters=False))
        return runs

    @property
    def takes_other_characters(self) -> bool:
        """Whether a character outside ASCII may come next: one of which half is there, say."""
        other = self.machine.characters.not_ascii
        return any(
            way.place.scanner is not None
            or any(
                m.characters & other and (m.enters or way.scan != CLOSED) for m in way.place.moves
            )
            for way in self.ways
        )

    def result(self) -> tuple[tuple[Thread, ...], tuple[tuple[int, tuple[Run, ...]], ...]]:
        """The threads now, and for each the thread before and its runs."""
        threads = tuple((way.place.index, way.scan) for way in self.ways)
        return threads, tuple((way.origin, tuple(_released(way))) for way in self.ways)


def _header_length(run: Run) -> int:
    return len(run.text) if run.place.meaning.part == "header" else 0


def _released(way: _Way) -> list[Run]:
    """The runs without what is held back for the next token to tell."""
    runs = way.runs
    if way.began and way.place.held and runs:
        last = runs[-1]
        runs[-1] = last._replace(text=last.text[: len(last.text) - len(way.place.held)])
    return [run for run in runs if run.text or run.enters]


def decode(
    pending: bytes, data: bytes, *, split: bool = False
) -> tuple[list[tuple[str, int]], bytes, int, tuple[int, ...]]:
    """The characters that are complete, and where each begins.

    Returns:
        The characters; the bytes of one that is not complete, and at which offset of ``data`` they
        begin (-1: before it); where invalid UTF-8 begins. For that U+FFFD stands in the text: one
        for each maximal part of a sequence, as Python and the Unicode standard count them.
    """
    before = len(pending)
    buffer = pending + data
    at, invalid = 0, list[int]()
    characters: list[tuple[str, int]] = []

    def where(offset: int) -> int:
        if offset < before:
            return PENDING + split
        return HERE if offset == before else WITHIN

    def add(text: str, offset: int) -> None:
        for character in text:
            characters.append((character, where(offset)))
            offset += len(character.encode())

    while True:
        try:
            add(buffer[at:].decode(), at)
        except UnicodeDecodeError as error:
            add(buffer[at : at + error.start].decode(), at)
            at += error.start
            if error.reason == "unexpected end of data":
                return characters, buffer[at:], max(at - before, -1), tuple(invalid)
            invalid.append(where(at))
            add("\N{REPLACEMENT CHARACTER}", at)
            at += error.end - error.start
        else:
            return characters, b"", 0, tuple(invalid)
