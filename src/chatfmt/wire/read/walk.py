"""The readings of a state, moved through the machine by the characters of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chatfmt.wire.read.characters import HERE, WITHIN

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from chatfmt.line.machine import Machine
    from chatfmt.line.place import Move, Place

__all__ = ["CLOSED", "Run", "Thread", "Walk", "is_of_call", "is_whole"]

Thread: TypeAlias = "tuple[int, Hashable]"
"""A place, and the state of its scanner, or `CLOSED`, or None."""

CLOSED = "closed"
"""In place of a scanner: a header field that takes no more text, because something came between."""


class Run(NamedTuple):
    """Characters of one token with the same meaning."""

    place: Place
    text: str
    """The characters; empty for a special token."""
    where: int
    enters: bool
    """Whether something new begins with this run."""
    before: int = 0
    """How many bytes before the token it begins, if a fence shows that only at its end."""

    @property
    def header_length(self) -> int:
        """How many of its characters belong to a header."""
        return len(self.text) if self.place.meaning.part == "header" else 0


class _Way:
    """One thread while it moves through a token."""

    __slots__ = ("began", "origin", "place", "runs", "scan")

    def __init__(
        self, origin: int, place: Place, scan: Hashable, runs: list[Run], *, began: bool
    ) -> None:
        self.origin = origin
        self.place = place
        self.scan = scan
        self.runs = runs
        self.began = began  # whether the text that its first place holds back is among the runs


class Walk:
    """The threads of a state, moved by the characters of a token."""

    def __init__(self, machine: Machine, threads: Sequence[Thread], pending: int = 0) -> None:
        self.machine = machine
        self._at = -pending  # the bytes of the token before the next character
        self.ways = [
            _Way(i, machine.all[place], scan, [], began=False)
            for i, (place, scan) in enumerate(threads)
        ]

    def character(self, character: str, where: int) -> bool:
        """Move by one character, and return whether any reading continues."""
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
        self._at += len(character.encode())
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
                way = self._entered(way, target, character, where, back=move.back, since=move.since)
                way.scan = scan
            else:
                way = self._more(way, target, scan, character, where)
            found[target.index, scan] = way

    def special(self, spelling: str) -> bool:
        """Move by a special token, and return whether any reading continues."""
        found: dict[Thread, _Way] = {}
        for way in self.ways:
            if not is_whole(way.place, way.scan):
                continue
            for index in way.place.specials.get(spelling, ()):
                if (index, None) not in found:
                    found[index, None] = self._entered(way, self.machine.all[index], "", HERE)
        if not found:
            return False
        self.ways = [*found.values()]
        return True

    def _more(self, way: _Way, target: Place, scan: Hashable, character: str, where: int) -> _Way:
        """Continue the same field."""
        runs = self._begun(way)
        last = runs[-1] if runs else None
        if last is not None and last.place.meaning.field == target.meaning.field:
            runs[-1] = last._replace(text=last.text + character)
        else:
            runs.append(Run(target, character, where, enters=False))
        return _Way(way.origin, target, scan, runs, began=True)

    def _entered(
        self,
        way: _Way,
        target: Place,
        character: str,
        where: int,
        *,
        back: int = 0,
        since: int = 0,
    ) -> _Way:
        """Begin something else, or continue literal text."""
        runs = self._begun(way)
        before = 0
        if since:
            offset = self._at - len(runs[-1].text[-since:].encode())
            where, before = (WITHIN if offset > 0 else HERE), max(0, -offset)
        if back:  # the held-back text of the fence is not text of the field
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
            runs.append(Run(target, character, where, enters=True, before=before))
        return _Way(way.origin, target, None, runs, began=True)

    def _begun(self, way: _Way) -> list[Run]:
        """A copy of the runs, with the text that was held back before this token."""
        runs = [*way.runs]
        if not way.began and way.place.held:
            runs.insert(0, Run(way.place, way.place.held, HERE, enters=False))
        return runs

    def may_begin(self, data: bytes) -> bool:
        """Whether some reading continues with a character that begins with these bytes."""
        ways = self.ways
        for character in self.machine.characters.begun_by(data):
            goes_on = self.character(character, HERE)
            self.ways = ways
            if goes_on:
                return True
        return False

    def result(self) -> tuple[tuple[Thread, ...], tuple[tuple[int, tuple[Run, ...]], ...]]:
        """The threads now, and for each the thread before and its runs."""
        threads = tuple((way.place.index, way.scan) for way in self.ways)
        return threads, tuple((way.origin, tuple(_released(way))) for way in self.ways)


def is_whole(place: Place, scan: Hashable) -> bool:
    """Whether a scanned value may end at a place; True if none has begun."""
    return place.scanner is None or scan is None or place.scanner.complete(scan)


def is_of_call(place: Place) -> bool:
    """Whether the character that leads there belongs to a field of a call."""
    field = place.meaning.field
    return field is not None and field.startswith(("call", "arg")) and field != "call_id"


def _released(way: _Way) -> list[Run]:
    """The runs without the text that is held back until the next token."""
    runs = way.runs
    if way.began and way.place.held and runs:
        last = runs[-1]
        runs[-1] = last._replace(text=last.text[: len(last.text) - len(way.place.held)])
    return [run for run in runs if run.text or run.enters]
