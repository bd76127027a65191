"""The reasons for refusing a row, besides those within one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import regex

from chatfmt.errors import FormatError, shown
from chatfmt.line.alike import find_unwritable
from chatfmt.line.borders import check_texts
from chatfmt.line.fields import ALPHABETS, Alphabet
from chatfmt.line.language import (
    Calls,
    Field,
    Literal,
    Next,
    Special,
    flat,
)
from chatfmt.line.proof import find_witness, untold_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line
    from chatfmt.line.speaking import Speaking

__all__ = [
    "check_compiled",
    "check_special_tokens",
    "role_alphabet",
    "role_spellings",
]

_WIRE_ROLE = Alphabet("[A-Za-z]", r"[A-Za-z0-9_\-]")


def check_special_tokens(format: Speaking) -> None:
    """Check that each special token is valid and unique."""
    where = f"format {format.name}: special_tokens"
    if "" in format.special_tokens:
        raise FormatError(f"{where} has an empty string, which would match everywhere")
    if twice := _first_twice(format.special_tokens):
        raise FormatError(f"{where} has {twice} twice")


def role_spellings(format: Speaking) -> dict[str, str]:
    """Role to its spelling on the wire."""
    where = f"format {format.name}"
    lined = None if isinstance(format.template, str) else [*format.template]
    if isinstance(format.roles, Mapping):
        pairs = dict(format.roles)
    elif twice := _first_twice(format.roles):
        raise FormatError(f"{where}: roles has {twice} twice")
    else:
        pairs = {role: role for role in format.roles or lined or ()}
    if not pairs:
        raise FormatError(f"{where}: expected at least one role, found none")
    if lined is not None and set(pairs) != set(lined):
        raise FormatError(
            f"{where}: expected the roles that have a line, {', '.join(lined) or 'none'}; "
            f"found {', '.join(pairs)}"
        )
    for role, spelling in pairs.items():
        if not regex.fullmatch(ALPHABETS["role"].pattern, role):
            raise FormatError(
                f"{where}: expected a role that matches [a-z][a-z0-9_-]*, found {shown(role)}"
            )
        if not regex.fullmatch(_WIRE_ROLE.pattern, spelling):
            raise FormatError(f"{where}: {shown(spelling)} cannot be how a role is spelled")
    if len(set(pairs.values())) < len(pairs):
        raise FormatError(f"{where}: two roles are spelled the same")
    return pairs


def role_alphabet(spellings: Mapping[str, str]) -> Alphabet:
    """The values of ``{role}``: lower-case words, unless the row spells some otherwise."""
    lower = all(regex.fullmatch(ALPHABETS["role"].pattern, s) for s in spellings.values())
    return ALPHABETS["role"] if lower else _WIRE_ROLE


def check_compiled(format: Speaking) -> None:
    """Check that the lines fit together, and that every conversation has one reading."""
    _check_roles(format)
    _check_calls(format)
    _check_speakers(format)
    _check_unended(format)
    _check_envelopes(format)
    _check_ends(format)
    _check_prompts(format)
    _check_alike(format)
    check_texts(format.lines, format.envelopes, format.prologue_pieces, f"format {format.name}")
    _check_all_used(format)
    _check_machine(format)


def _all_lines(format: Speaking) -> Iterator[tuple[str, Line]]:
    for role, lines in format.lines_of.items():
        for line in lines:
            yield role, line


def _check_unended(format: Speaking) -> None:
    """Check that the end of a model's message is recognized even if the next message ends it."""
    for role, lines in format.lines_of.items():
        where = f"format {format.name}, role {role}"
        if len({line.pieces[-1] == Next() for line in lines}) > 1:
            raise FormatError(f"{where}: {{next}} ends some of its lines; let it end all or none")
        for line in lines if role in format.unended else ():
            if line.training_end not in format.stop_spellings:
                raise FormatError(
                    f"{where}: expected the token that stops the model as training_end, one of "
                    f"stops, since {{next}} has none of its own; found {shown(line.training_end)}"
                )


def _check_calls(format: Speaking) -> None:
    """Check that every call gives the name of its tool, and its arguments."""
    where, lists = f"format {format.name}", 0
    ways: set[bool] = set()  # whether arguments stand one by one
    for role, line in _all_lines(format):
        for piece in line.pieces:
            if isinstance(piece, Calls):
                lists += 1
                ways.add(any(isinstance(part, Calls) for part in piece.item))
                _check_item(piece, f"{where}, role {role}", said_by_ids=format.id_shape is not None)
    if len(ways) > 1:
        raise FormatError(
            f"{where}: all lines must write the arguments of a call in one way; found them as one "
            "text and one by one"
        )
    if len(format.arguments) > 1:
        found = " and ".join(coder.name if coder else "as JSON" for coder in format.arguments)
        raise FormatError(
            f"{where}: all lines must spell the values of arguments in one way; found {found}"
        )
    if format.id_shape is not None and not lists:
        raise FormatError(f"{where}: call_ids is given, but no line has calls")


def _check_item(calls: Calls, where: str, *, said_by_ids: bool) -> None:
    if calls.arguments:
        raise FormatError(
            f"{where}: a list of arguments must be inside the item of a call: […[…]*…]*"
        )
    names = [inner.name for inner in flat(calls.item) if isinstance(inner, Field)]
    if said_by_ids and {"call", "call.name"} & {*names}:
        raise FormatError(
            f"{where}: a call already has the name of its tool, so its id does not need it; "
            "leave out call_ids"
        )
    says = "call.id" if said_by_ids else "call.name"
    lists = [piece for piece in calls.item if isinstance(piece, Calls)]
    texts = {"call", "call.arguments"} & {*names}
    if "call" not in names and not (says in names and (texts or lists)):
        raise FormatError(
            f"{where}: a call needs {{{says}}} and {{call.arguments}}, or a list of arguments"
        )
    if len(lists) + len(texts) > 1:
        raise FormatError(
            f"{where}: a call has its arguments twice; write them as one text or one by one"
        )
    if lists and names.index(says) > names.index("arg.key"):
        raise FormatError(
            f"{where}: the tool would be known only after its arguments, and with it their types; "
            f"write {{{says}}} first"
        )


def _check_envelopes(format: Speaking) -> None:
    """Check that each message in an envelope ends recognizably before anything follows it."""
    for role, envelope in format.envelopes.items():
        if not isinstance(envelope.each[-1], Special | Literal):
            raise FormatError(
                f"format {format.name}, role {role}, each: a message would end only where the next "
                "begins; let each end in a special token or in text"
            )


def _check_prompts(format: Speaking) -> None:
    """Check that all lines of a role write the same up to where its prompt ends.

    So do those among themselves whose prompt tells the model not to think.
    """
    for role in format.prompted:
        lines = format.lines_of[role]
        places = {None, *(place for line in lines for place in line.after or ())}
        for place in places:
            there = [line for line in lines if (line.after and place in line.after)]
            some = there or [line for line in lines if line.after is None]
            own, silent = (
                {line.prompt for line in some if line.is_silent is which} - {None}
                for which in (False, True)
            )
            if len(own) > 1 or len(silent) > 1:
                raise FormatError(
                    f"format {format.name}, role {role}: a prompt would have to know which of the "
                    "lines comes next; put {^} where they still write the same text"
                )


def _check_alike(format: Speaking) -> None:
    """Check that the first line for a message writes whatever any line of its role reads."""
    for role, lines in format.lines_of.items():
        if (field := find_unwritable(lines)) is not None:
            raise FormatError(
                f"format {format.name}, role {role}: two lines are for the same messages, and the "
                f"first cannot write every {{{field}}} that the other reads; let the same text "
                "follow it in both, or put the line that takes more values first"
            )


def _check_roles(format: Speaking) -> None:
    for role, line in _all_lines(format):
        for piece in line.pieces:
            if isinstance(piece, Field) and piece.alphabet and piece.name == "role":
                spelling = format.role_spellings[role]
                if not regex.fullmatch(piece.alphabet.pattern, spelling, regex.V1):
                    raise FormatError(
                        f"format {format.name}: the role {shown(spelling)} could not be "
                        "distinguished from the text that follows it in the line"
                    )


def _check_ends(format: Speaking) -> None:
    where = f"format {format.name}"
    for token, what in format.ends.items():
        if token not in format.special_tokens:
            raise FormatError(f"{where}: the end {token} is not listed in special_tokens")
        if what not in ("stop", "continue"):
            raise FormatError(f'{where}: {token} must be "stop" or "continue", not {shown(what)}')
    if not format.stop_spellings:
        raise FormatError(f"{where}: no end token stops the model; mark one of ends as stop")
    for line in format.lines:
        if line.tail and not all(map(format.stops_at, line.ends)):
            raise FormatError(
                f"{where}: a model that continues after an end token does not write the tail, "
                "so the two do not go together"
            )


def _check_speakers(format: Speaking) -> None:
    where = f"format {format.name}"
    for token in format.stops:
        if token not in format.special_tokens:
            raise FormatError(f"{where}: the stop {token} is not listed in special_tokens")
    if format.ends and format.stops:
        raise FormatError(f"{where}: ends says which of them stop the model; leave out stops")
    for role in format.speakers:
        if role not in format.lines_of:
            raise FormatError(f"{where}: the speaker {role} is not one of the roles")


def _check_all_used(format: Speaking) -> None:
    used = {*format.ends, *format.stops}
    pieces: list[Piece] = [*format.prologue_pieces]
    for line in format.lines:
        pieces += line.pieces
    for envelope in format.envelopes.values():
        pieces += [*envelope.open, *envelope.each, *envelope.sep, *envelope.close]
    for piece in flat(pieces):
        if isinstance(piece, Special):
            used.update(piece.tokens)
    for token in format.special_tokens:
        if token not in used:
            raise FormatError(
                f"format {format.name}: {token} is listed in special_tokens but "
                "appears nowhere in the format"
            )


def _check_machine(format: Speaking) -> None:
    """Check that every conversation has one reading, and that excluded texts are listed."""
    where = f"format {format.name}"
    if (untold := untold_field(format.machine)) is not None:
        raise FormatError(
            f"{where}: whose {{{untold}}} it is would be known only at its end; begin the lines "
            "of different roles with different tokens"
        )
    for field_name, word in format.machine.fences:
        if not any(word.startswith(listed) for listed in format.fences):
            raise FormatError(
                f"{where}: only the text {shown(word)} tells where {{{field_name}}} ends; put "
                "a special token between it and what follows, or list that text (or how it "
                "begins) in fences: a message whose text holds it is then refused"
            )
    if (witness := find_witness(format.machine)) is not None:
        raise FormatError(
            f"{where}: {shown(witness.text)} could be read in two ways, or only be distinguished "
            "too late; put a special token, or a character that the field before it cannot "
            "have, between them"
        )


def _first_twice(texts: Sequence[str]) -> str | None:
    return next((text for i, text in enumerate(texts) if text in texts[:i]), None)
