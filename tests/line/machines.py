"""Machines of a few lines, and every reading of a text by them, with nothing merged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from chatfmt.line.build import Layout
from chatfmt.line.envelopes import Envelope
from chatfmt.line.fields import ALPHABETS
from chatfmt.line.language import read_pieces
from chatfmt.line.lines import make_line, read_prologue
from chatfmt.line.machine import build_machine
from chatfmt.wire.read.steps import Steps
from chatfmt.wire.read.walk import Run
from letters import BYTES, SPECIALS, ids_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from chatfmt.line.lines import Line
    from chatfmt.line.machine import Machine

TABLE = {byte: bytes([byte]) for byte in range(256)}
SPELLINGS = {BYTES.encode_single_token(spelling): spelling for spelling in SPECIALS}


def line_of(
    role: str, text: str, *, after: tuple[str, ...] | None = None, ends: Sequence[str] = ()
) -> Line:
    """A line for one role."""
    return make_line(
        text,
        special_tokens=SPECIALS,
        ends=ends,
        generation_start="content",
        role=role,
        roles=[role],
        spelling=role,
        role_alphabet=ALPHABETS["role"],
        where="line",
        after=after,
    )


def machine_of(
    *lines: Line, prologue: str = "", envelopes: Mapping[str, Mapping[str, str]] | None = None
) -> Machine:
    """The machine of lines, and of envelopes given as the texts of their parts."""
    framed = {
        role: Envelope(
            role,
            read_prologue(texts.get("open", ""), SPECIALS, role),
            tuple(read_pieces(texts["each"], SPECIALS, role)),
            read_prologue(texts.get("sep", ""), SPECIALS, role),
            read_prologue(texts.get("close", ""), SPECIALS, role),
        )
        for role, texts in (envelopes or {}).items()
    }
    roles = dict.fromkeys([*(role for line in lines for role in line.roles), *framed])
    pieces = read_prologue(prologue, SPECIALS, "prologue")
    return build_machine(Layout(lines, framed, pieces, tuple(roles)))


def readings(machine: Machine, text: str) -> list[list[str]]:
    """What each complete reading says: ``message``, ``call``, ``role.field: value``."""
    steps = Steps(machine, TABLE, SPELLINGS)
    state, read = steps.start, [list[Run]()]
    for token in ids_of(text):
        step = steps.step(state, token)
        if step is None:
            return []
        state = step.state
        read = [[*read[origin], *runs] for origin, runs in step.branches]
    ended = [ends(machine, place, scan) for place, scan in state.threads]
    return [_said(runs) for runs, done in zip(read, ended, strict=True) if done]


def ends(machine: Machine, index: int, scan: Any) -> bool:
    """Whether the input may end at a place."""
    place = machine.all[index]
    return place.accepts and (place.scanner is None or place.scanner.complete(scan))


def _said(runs: list[Run]) -> list[str]:
    said: list[tuple[str, str]] = []
    for run in runs:
        meaning = run.place.meaning
        if run.enters and meaning.opens:
            said.append((meaning.opens, ""))
        if meaning.field is not None:
            if run.enters:
                said.append((f"{'/'.join(sorted(run.place.roles))}.{meaning.field}: ", ""))
            field, text = said[-1]
            said[-1] = field, text + run.text
    return [field + text for field, text in said if text or field.isalpha()]


def ways(machine: Machine, text: str) -> Counter[tuple[int, Hashable]]:
    """In how many ways a text leads to each place, by the moves alone."""
    found: Counter[tuple[int, Hashable]] = Counter({(machine.start, None): 1})
    for token in ids_of(text):
        spelling = SPELLINGS.get(token)
        found = step(machine, found, spelling or chr(token), special=spelling is not None)
    return found


def step(
    machine: Machine, found: Counter[tuple[int, Hashable]], symbol: str, *, special: bool
) -> Counter[tuple[int, Hashable]]:
    """The ways after one more symbol."""
    after: Counter[tuple[int, Hashable]] = Counter()
    for (index, scan), count in found.items():
        place = machine.all[index]
        scanner = place.scanner
        if scanner is not None and not special:
            more = scanner.step(scan, symbol)
            if more is not None:
                after[index, more] += count
        if scanner is not None and not scanner.complete(scan):
            continue
        if special:
            for target in place.specials.get(symbol, ()):
                after[target, None] += count
            continue
        for move in place.moves:
            if move.characters & machine.characters.kind(symbol):
                entered = machine.all[move.target].scanner
                begun = None if entered is None else entered.step(entered.start(), symbol)
                if entered is None or begun is not None:
                    after[move.target, begun] += count
    return after
