"""Which lines have two readings, with a text that shows it, and which have one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import pytest
from machines import ends, line_of, machine_of, step, ways

from chatfmt.line.proof import find_witness, untold_field
from letters import SPECIALS

if TYPE_CHECKING:
    from collections.abc import Hashable

    from chatfmt.line.machine import Machine

Lines: TypeAlias = "dict[str, str]"


def made(lines: Lines) -> Machine:
    return machine_of(*(line_of(role.rstrip("'"), text) for role, text in lines.items()))


AMBIGUOUS: list[tuple[Lines, str]] = [
    # two fields that begin alike, and end alike
    ({"a": "<s>[x{name}][x{channel}]<m>{content}<e>"}, "<s>xA<m>"),
    # calls that run into one another
    ({"a": "<s>[{call.name}]*<e>"}, "<s>AA"),
    # two lines of which either may be meant; with a tail the readings meet as before it
    ({"a": "<s>[x{name}]<m>{content}<e>", "b": "<s>[y{name}]<m>{content}<e>"}, "<s><m><e>"),
    ({"a": "<s>[x{name}]<m>{content}<e>z", "b": "<s>[y{name}]<m>{content}<e>z"}, "<s><m><e>"),
    # two lines of one role that say the same
    ({"a": "<s>x[y{name}]<m>{content}<e>", "a'": "<s>x[z{name}]<m>{content}<e>"}, "<s>x<m><e>"),
]

VALUES: list[tuple[Lines, str, str]] = [
    # within a value the witness is any text; the other text has the values in it
    ({"a": "<s>{content:json}[x{name}][x{channel}]<e>"}, '<s>"xA<e>', '<s>"c"xA<e>'),
    # a number may go on with the digit that follows it, or with the key of the next argument
    ({"a": "<s>f[{arg.key}={arg.value:python}]*<e>"}, "<s>fA=FEA", "<s>fA=10b=2<e>"),
    ({"a": "<s>f[{arg.key}={arg.value:python}0]*<e>"}, "<s>fA=F00A", "<s>fA=100b=20<e>"),
]

LATE: list[tuple[Lines, str, tuple[str, str]]] = [
    ({"a": "<s>[{reasoning}<m>]{content}<e>"}, "<s>A", ("reasoning", "content")),
    ({"a": "<s>[{name}<m>]{content}<e>"}, "<s>A", ("name", "content")),
    ({"a": "<s>{^}[{name}<m>]x{content}<e>"}, "<s>xA", ("name", "content")),
    # the fields are the same, but not whose they are
    (
        {"a": "<s>[x{name}]<m>{content}<e>", "b": "<s>[y{name}]<m>{content}<z>"},
        "<s><m>A",
        ("content", "content"),
    ),
]

CLEAR: list[Lines] = [
    {"a": "<s>{content}<e>", "b": "<m>{content}<e>"},
    {"a": "<s>{content}[<m>{call.name}={call.arguments:object}]*<e>"},
    {"a": "<s>{content}call [,|{call:json name, arguments}]*<e>"},
    {"a": "<s>[x{name}][y{channel}]<m>{content}<e>"},
    {"a": "<s>[x|{call.name}]*<e>"},  # no name has an x here
    {"a": "<s>f[,|{arg.key}={arg.value:python}]*<e>"},
    {"a": "<s>f[,|{arg.key}={arg.value:python}]*<e>"},
    {"a": "<m>{content}{next}", "b": "<s>{content}{next}"},
    # nothing that the model writes: a reader may wait
    {"a": "<s>[{reasoning}<m>]{content}{^}<e>"},
    # header fields alone may wait, and two lines of one role
    {"a": "<s>{^}[{name}<m>][{channel}<z>]<s>{content}<e>"},
    {"a": "<s>[x{name}]<m>{content}<e>", "a'": "<s>[y{name}]<m>{content}<z>"},
]


@pytest.mark.parametrize(("lines", "text"), AMBIGUOUS, ids=str)
def test_lines_with_two_readings_are_found_with_a_text_that_has_them(
    lines: Lines, text: str
) -> None:
    machine = made(lines)
    witness = find_witness(machine)
    assert witness is not None
    assert (witness.text, witness.late) == (text, False)
    assert witness.first.meaning.field == witness.second.meaning.field
    found = ways(machine, text)
    assert found.total() == 2
    assert found.keys() == {(place.index, None) for place in witness[2:]}


@pytest.mark.parametrize(("lines", "text", "example"), VALUES, ids=str)
def test_a_value_that_runs_into_what_follows_is_found(
    lines: Lines, text: str, example: str
) -> None:
    machine = made(lines)
    witness = find_witness(machine)
    assert witness is not None
    assert (witness.text, witness.late) == (text, False)
    assert is_ambiguous(machine, ways(machine, example))


@pytest.mark.parametrize(("lines", "text", "fields"), LATE, ids=str)
def test_free_text_of_which_nobody_can_tell_yet_whose_it_is(
    lines: Lines, text: str, fields: tuple[str, str]
) -> None:
    machine = made(lines)
    witness = find_witness(machine)
    assert witness is not None
    assert (witness.text, witness.late) == (text, True)
    assert (witness.first.meaning.field, witness.second.meaning.field) == fields
    assert not is_ambiguous(machine, ways(machine, text))


@pytest.mark.parametrize("lines", CLEAR, ids=str)
def test_lines_with_one_reading_have_no_witness(lines: Lines) -> None:
    assert find_witness(made(lines)) is None


def is_ambiguous(machine: Machine, found: Counter[tuple[int, Hashable]]) -> bool:
    """Whether some text has come to one place in two ways, or to the end of the input."""
    ended = sum(count for place, count in found.items() if ends(machine, *place))
    return ended > 1 or max(found.values()) > 1


@pytest.mark.parametrize("lines", [*CLEAR, *(late[0] for late in LATE)], ids=str)
def test_of_all_short_texts_none_has_two_readings_where_no_witness_is(lines: Lines) -> None:
    machine = made(lines)
    template = "".join(lines.values())
    symbols = ["a", "1", *(symbol for symbol in (*"f=,xy", *SPECIALS) if symbol in template)]
    texts = [Counter[tuple[int, "Hashable"]]({(machine.start, None): 1})]
    for _ in range(10):
        longer = [
            step(machine, found, symbol, special=symbol in SPECIALS)
            for found in texts
            for symbol in symbols
        ]
        # What has led to the same places goes on alike.
        texts = [*{frozenset(found.items()): found for found in longer if found}.values()]
        assert texts
        assert not any(is_ambiguous(machine, found) for found in texts)


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ({"a": "<s>{content}<e>", "b": "<s>{content}<z>"}, "content"),
        ({"a": "<s>{reasoning}<m>{content}<e>", "b": "<s>{reasoning}<z>{content}<e>"}, "reasoning"),
        ({"a": "<s>{content}<e>", "b": "<m>{content}<e>"}, None),
        ({"a": "<s>{content}<e>", "a'": "<s>{content}<z>"}, None),  # it is a's in any case
        ({"a": "<s>{name}<e>{content}<z>", "b": "<s>{name}<m>{content}<z>"}, None),
    ],
    ids=str,
)
def test_free_text_that_two_roles_share_is_nobodys(lines: Lines, field: str | None) -> None:
    assert untold_field(made(lines)) == field


def test_a_line_for_two_roles_is_not_shared_by_two_lines() -> None:
    both = replace(line_of("a", "<s>{content}<e>"), roles=("a", "b"))
    assert untold_field(machine_of(both)) is None
    assert untold_field(machine_of(both, line_of("a", "<s>{content}<z>"))) == "content"
