"""``make building``: random rows of every word of the language, each to be made or refused in time.

A row is made in a process of its own, which has five seconds of a processor: as a format, and as a
machine without the rules that a format is checked by, for the machine is to end well by itself.
What a format reads strictly it must write again. Everything else but a `ChatfmtError` is a finding,
printed with what runs it again: ``--seed S --first N --rows 1``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import signal
import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chatfmt import ChatfmtError, ChatFormat, ChatTokenizer
from chatfmt.line.build import Layout
from chatfmt.line.fields import ALPHABETS, CODERS, FREE_TEXT
from chatfmt.line.lines import read_prologue
from chatfmt.line.machine import build_machine
from chatfmt.line.proof import find_witness, untold_field
from chatfmt.line.template import Rules, compile_template, copy_template
from fuzz import walks
from fuzz.lines import ByteEncoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

SECONDS = 5.0
"""The processor time that a row may take."""

_AT_ONCE = 100

TOKENS = ("<s>", "<m>", "<e>", "<z>")
_CODED = tuple(f"{{{field}:{coder}}}" for field, coders in CODERS.items() for coder in coders)
_WORDS = (
    *TOKENS,
    *TOKENS,
    *(f"{{{field}}}" for field in (*ALPHABETS, *FREE_TEXT)),
    *("{content}", "{content}", "{role}", "{call.name}", "{call.arguments}"),
    *_CODED,
    *("{call:json name, arguments}", "{call:json id, function.name, function.arguments}"),
    *("{channel=a}", "{name=xy}", "{end}", "{next}", "{^}"),
    *("[", "]", "[", "]", "[", "]*", "|", "[", "|", "]*"),
    *("x", "y", "b", "xy", "\n", " ", "a", "user", "{", r"\[", r"\{", '"', "x" * 70, "xy" * 400),
)
_CALLS = (
    *("[x|{call.name}y{call.arguments:object}z]*", "[<m>{call.name}<z>{call.arguments}]*"),
    *("[{call.name}x{call.arguments}b]*", "[y{call:json name, arguments}x]*", "[<z>|{call.id}x]*"),
    *(
        "[{call.name}[x{arg.key}y{arg.value}]*b]*",
        "[{call.name}<z>[{arg.key}={arg.value:loose}]*]*",
    ),
)
_FIELDS = (
    *("content", "reasoning", "tools", "content", "reasoning", "content:json", "tools"),
    *("name", "recipient", "channel", "content_type", "call_id"),
)
_AROUND = ("", "", "", "x", "y", "xy", "b", "\n", "<m>", "<z>", "x<m>", "<m>x", "x" * 70)
_ROLES = ("user", "assistant", "tool", "x")


def _line(chance: random.Random) -> str:
    """A line that is often a good one, then perhaps changed."""
    parts = [chance.choice(("<s>", "<s>", "<s>{role}", "x", "", "<s>user", "{^}", "<s>{^}"))]
    fields = {field.partition(":")[0]: field for field in chance.sample(_FIELDS, k=len(_FIELDS))}
    for field in [*fields.values()][: chance.randint(0, 4)]:
        part = "".join((chance.choice(_AROUND), f"{{{field}}}", chance.choice(_AROUND)))
        parts.append(f"[{part}]" if chance.random() < 0.5 else part)
        parts.append(chance.choice(_AROUND))
    if "content" not in "".join(parts) or chance.random() < 0.1:
        parts.append(chance.choice(("{content}", "[{content}]", *_CALLS)))
    parts.append(chance.choice(("<e>", "<e>", "<e>", "x<e>", "<e>\n", "{next}", "{next}", "{end}")))
    for _ in range(max(0, chance.randint(-4, 3))):
        at = chance.randint(0, len(parts))
        parts[at : at + chance.randint(0, 1)] = [chance.choice((*_WORDS, *_CALLS))]
    return "".join(parts)


def _lines(chance: random.Random) -> object:
    def short() -> str:
        return "".join(chance.choice(("<s>", "<m>", "x", "y", "\n")) for _ in range(2))

    def one() -> str | dict[str, Any]:
        if chance.random() < 0.8:
            return _line(chance)
        more: dict[str, Any] = {"line": _line(chance)}
        if chance.random() < 0.7:
            more["after"] = chance.choice(("start", ["user"], ["x"], ["user", "assistant"]))
        if chance.random() < 0.5:
            more["training_end"] = chance.choice(TOKENS)
        return more

    if chance.random() < 0.15:
        parts = {"each": _line(chance), "close": chance.choice(("<e>", "x<e>", "<e>\n", short()))}
        parts |= {name: short() for name in ("open", "sep") if chance.random() < 0.6}
        return parts
    return one() if chance.random() < 0.7 else [one() for _ in range(chance.randint(1, 3))]


def row(chance: random.Random) -> dict[str, Any]:
    """The arguments of a format, right or wrong."""
    roles = chance.sample(_ROLES, chance.randint(1, 3))
    made: dict[str, Any] = {"name": "drawn", "template": {role: _lines(chance) for role in roles}}
    if chance.random() < 0.3:
        made |= {"template": _line(chance), "roles": roles}
    if chance.random() < 0.2:
        made["prologue"] = chance.choice(("<z>", "x", "<s>x", "<z>\n"))
    if "{end}" in repr(made):
        made["ends"] = {"<e>": "stop", "<z>": chance.choice(("stop", "continue"))}
    if chance.random() < 0.3:
        made["speakers"] = roles
    if chance.random() < 0.7:  # all fences that begin with one of these
        made["fences"] = [*"xyb\n ={a", "user", *(f"^{c}" for c in "xyb\n ={a"), '"', "^user"]
    made["special_tokens"] = [token for token in TOKENS if token in repr(made)]
    return made


def bare_machine(given: dict[str, Any]) -> None:
    """The machine of a row, and its proof, without the rules for rows."""
    roles = given.get("roles") or [*given["template"]]
    shared = Rules(
        special_tokens=given["special_tokens"],
        ends=[*given.get("ends", ())],
        generation_start=None,
        role_alphabet=ALPHABETS["role"],
        where="drawn",
    )
    template = copy_template(given["template"], "drawn")
    compiled = compile_template(template, {role: role for role in roles}, shared)
    prologue = read_prologue(given.get("prologue", ""), given["special_tokens"], "drawn")
    layout = Layout(compiled.lines, compiled.envelopes, prologue, tuple(compiled.by_role))
    machine = build_machine(layout)
    untold_field(machine)
    find_witness(machine)


def line_of(seed: int, number: int) -> random.Random:
    """Where all decisions about a row come from."""
    return random.Random(f"{seed}:{number}")  # noqa: S311 - no secret


def attempt(given: dict[str, Any], chance: random.Random) -> str:
    """The outcome for a row: "refused", "accepted", or a traceback."""
    try:
        with suppress(ChatfmtError):
            bare_machine(given)
        try:
            format = ChatFormat(**given)
        except ChatfmtError:
            return "refused"
        tok = ChatTokenizer(format, ByteEncoding(format.special_tokens))
        for _ in range(20):
            walks.check(tok, chance)
    except Exception:  # noqa: BLE001 - whatever it is, it is a finding
        return traceback.format_exc(limit=-3)
    return "accepted"


def _serve(seed: int, pipe: Connection, seconds: float) -> None:
    while True:
        for number in pipe.recv():
            chance = line_of(seed, number)
            # what is up ends the process: it counts the processor's time, however busy that is
            signal.setitimer(signal.ITIMER_PROF, seconds)
            told = attempt(row(chance), chance)
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send(told)


class _Child:
    """A process that makes rows, many at a time."""

    def __init__(self, seed: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, other = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(seed, other, SECONDS), daemon=True)
        self.process.start()
        other.close()  # so that its end is seen here

    def ask(self, numbers: range) -> Iterator[str]:
        """The outcome for each of these rows, up to one that takes too long."""
        self.pipe.send(numbers)
        for _ in numbers:
            try:
                yield self.pipe.recv()
            except EOFError:
                yield f"longer than {SECONDS} s"
                return

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and search."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.building", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    args = parser.parse_args(argv)
    counts = {"refused": 0, "accepted": 0, "broken": 0}
    until = time.monotonic() + args.seconds
    print(f"seed {args.seed}", flush=True)
    number, end = args.first, args.first + args.rows
    child = _Child(args.seed)
    while number < end and time.monotonic() < until:
        for told in child.ask(range(number, min(number + _AT_ONCE, end))):
            counts[told if told in counts else "broken"] += 1
            if told not in counts:
                print(f"--seed {args.seed} --first {number} --rows 1")
                print(f"{row(line_of(args.seed, number))}\n{told}", flush=True)
            number += 1
            if told.startswith("longer"):
                child.end()
                child = _Child(args.seed)
    child.end()
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    print(f"{sum(counts.values()):,} rows: {told}")
    return 1 if counts["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
