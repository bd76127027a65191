"""One line at a time: what it may contain, where it is prompted, and what is refused in it."""

from __future__ import annotations

import pytest
from machines import line_of, machine_of, readings

from chatfmt import FormatError
from chatfmt.line.fields import ALPHABETS, Alphabet
from chatfmt.line.language import Calls, Field, GenerationStart, Literal, Next

BESIDE = (
    "beside {arg.string} a string is written bare and everything else is JSON; "
    "write {arg.value:loose}"
)
LIST = (
    "a list is for calls, with {call.name} and {call.arguments} or {call:json …}, or for their "
    "arguments, with {arg.key} and {arg.value}; found "
)
TOUCHING = "without a special token or text between them, so they could not be distinguished"
IN_A_GROUP = (
    "{content} is in a group, which is left out where it is empty, and is spelled as JSON, "
    "where an empty text is a value; take it out of the group"
)
LIST_WITHIN = "a list of calls is in a group or in another list; take it out"
OF_A_CALL = "belongs to a call, so it must be in a list of them"

REFUSED = [
    # values and coders
    ("<s>{channel=a b}<m>{content}<e>", "'a b' cannot be the value of {channel}"),
    ("<s>{content=a}<e>", "'a' cannot be the value of {content}"),
    (
        "<s>{content:python}<e>",
        "{content} cannot be spelled as python; it takes json",
    ),
    ("<s>{name:json}<m>{content}<e>", "{name} cannot be spelled as json; it takes none"),
    (
        "<s>[{arg.key}={arg.value:object}]*<e>",
        "{arg.value} cannot be spelled as object; it takes loose or loose_python or python",
    ),
    (
        "<s>[{call}]*<e>",
        "{call} needs to say how it is spelled: {call:json name, arguments}",
    ),
    (
        "<s>[{call.name}[{arg.key}<m>{arg.value:loose}<m>{arg.string}]*]*<e>",
        "{arg.string} says how the value is read; write it before {arg.value}",
    ),
    *(
        (
            f"<s>[{{call.name}}[{{arg.key}}<m>{{arg.string}}<m>{{arg.value{coder}}}]*]*<e>",
            BESIDE,
        )
        for coder in ("", ":loose_python", ":python")
    ),
    ("<s>{content}[{arg.string=true}]*<e>", "'true' cannot be the value of {arg.string}"),
    ("<s>{content}<m>{arg.string}<e>", f"{{arg.string}} {OF_A_CALL}: […{{arg.string}}…]*"),
    (
        "<s>[{call.name}[{arg.string}<m>{arg.value:loose}]*]*<e>",
        LIST + "{arg.string}, {arg.value}",
    ),
    # lists
    (
        "<s>[a]*{content}<e>",
        LIST + "none",
    ),
    (
        "<s>[{call.name}{content}]*<e>",
        LIST + "{call.name}, {content}",
    ),
    (
        "<s>[{arg.key}]*<e>",
        LIST + "{arg.key}",
    ),
    (
        "<s>[{call.name} {call.arguments}]*<e>",
        "{call.name} follows {call.arguments} " + TOUCHING,
    ),
    # what follows ends it
    (
        "<s>[x{content:json}]<e>",
        IN_A_GROUP,
    ),
    # what belongs to a call stands in a list of calls, and nothing else does
    ("<s>{content}{call.id}<e>", f"{{call.id}} {OF_A_CALL}: […{{call.id}}…]*"),
    ("<s>{content}<m>{arg.value}<e>", f"{{arg.value}} {OF_A_CALL}: […{{arg.value}}…]*"),
    ("<s>{content}{call:json name, arguments}<e>", f"{{call}} {OF_A_CALL}: […{{call}}…]*"),
    (
        "<s>[{name}|{call.id}]*<e>",
        "only special tokens and literal text are allowed between two calls",
    ),
    ("<s>[[<m>{name}]|{call.id}]*<e>", "a group is not allowed inside a group"),
    # a list is all calls of a message, and an item one call
    (
        "<s>[<m>{call:json name, arguments}]*[<z>{call.name}<m>{call.arguments}]*<e>",
        "there are two lists of calls, and each would hold all of them; leave one out",
    ),
    ("<s>[<m>{content}[<m>{call:json name, arguments}]*]<e>", LIST_WITHIN),
    ("<s>[<m>{call.name}[<z>{call.arguments}]*]*<e>", LIST_WITHIN),
    (
        "<s>[<m>{call:json name, arguments}<z>{call.id}]*<e>",
        "{call:json …} is a whole call, so {call.id} has no place beside it",
    ),
    ("<s>{content}{next}<e>", "nothing may follow {next}"),
    ("<s>{next}{content}", "nothing may follow {next}"),
    # a field that has one value here has a place as any other
    ("<s>{channel=a}[ {channel}]<m>{content}<e>", "{channel} appears twice"),
    ("<s>{content}<e>{channel=a}", "only literal text may follow the end token"),
]


@pytest.mark.parametrize(("line", "said"), REFUSED)
def test_refused(line: str, said: str) -> None:
    with pytest.raises(FormatError) as error:
        line_of("a", line)
    assert str(error.value) == f"line: {said}"


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("<s>{content}<e>", ("<e>",)),
        ("<s>{content}<e>tail", ("<e>",)),
        ("<s>{content}{next}", ()),
    ],
)
def test_the_tokens_that_end_a_message(line: str, ends: tuple[str, ...]) -> None:
    assert line_of("a", line).ends == ends


def test_one_of_several_ends() -> None:
    assert line_of("a", "<s>{content}{end}", ends=["<z>", "<e>"]).ends == ("<z>", "<e>")


def test_the_fields_of_a_line_and_whether_they_must_be_there() -> None:
    line = line_of("a", "<s>{channel=final}[ {name}]<m>{content}[<z>{call.name} {call.id}]*<e>")
    assert line.fields == {
        "channel": True,
        "name": False,
        "content": True,
        "call.name": True,
        "call.id": True,
    }


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("<s>{content}<e>", 1),
        ("<s>{content}{^}<e>", 2),
        ("{^}<s>{content}<e>", 0),
        ("<s>x<m>[{call.name}]*<e>", 3),
        ("<s>[{reasoning}<m>]{content}{next}", 1),
    ],
)
def test_where_the_model_begins(line: str, before: int) -> None:
    pieces = line_of("a", line).pieces
    assert pieces.index(GenerationStart()) == before
    assert pieces.count(GenerationStart()) == 1


def test_the_model_may_begin_within_a_group() -> None:
    pieces = line_of("a", "<s>[<m>{^}{reasoning}<z>]{content}<e>").pieces
    assert GenerationStart() not in pieces


def test_a_line_that_whatever_follows_ends() -> None:
    assert line_of("a", "<s>{content}{next}").pieces[-1] == Next()


def fields(line: str) -> dict[str, Alphabet | None]:
    """The alphabets of a line's fields."""
    pieces = [*line_of("a", line).pieces]
    for piece in pieces:
        if isinstance(piece, Calls):
            pieces += piece.item
    return {piece.name: piece.alphabet for piece in pieces if isinstance(piece, Field)}


@pytest.mark.parametrize(
    ("line", "follow"),
    [
        ("<s>[{call.name}:{call.id}]*<e>", ":"),
        # with and without arguments
        ("<s>[{call.name}[-{arg.key}={arg.value:python}]*.]*<e>", "-."),
        # the next item, with its separator or without
        ("<s>[_|{call.name}]*<e>", "_"),
        ("<s>[x{call.name}]*<e>", "x"),
        ("<s>[{call.name}]*.<e>", "."),
    ],
)
def test_what_may_follow_a_name_in_a_list_is_no_part_of_it(line: str, follow: str) -> None:
    assert fields(line)["call.name"] == ALPHABETS["call.name"].without(follow)


def test_a_field_that_has_one_value_here() -> None:
    machine = machine_of(line_of("a", "<s>to{channel=final}<m>{content}<e>"))
    assert (
        Literal("final", fixes="channel") in line_of("a", "<s>{channel=final}{content}<e>").pieces
    )
    assert readings(machine, "<s>tofinal<m>hi<e>") == [
        ["message", "a.channel: final", "a.content: hi"]
    ]
    assert readings(machine, "<s>tofina<m>hi<e>") == []


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        # a bar is special only between a separator and an item
        ("<s>a|b{content}<e>", "<s>a|bx<e>", ["content: x"]),
        ("<s>[|{name}]<m>{content}<e>", "<s>|n<m>x<e>", ["name: n", "content: x"]),
        ("<s>[|{call.name}]*<e>", "<s>f<e>", ["call", "call.name: f"]),
        (r"<s>[\|{call.name}]*<e>", "<s>|f<e>", ["call", "call.name: f"]),
        (
            "<s>[; |{call.name}|]*<e>",
            "<s>f|; g|<e>",
            ["call", "call.name: f", "call", "call.name: g"],
        ),
        (r"<s>\*{content}<e>", "<s>*x<e>", ["content: x"]),
        # spellings
        ("<s>{content:json}<e>", '<s>"]"<e>', ['content: "]"']),
        (
            "<s>f([, |{arg.key}={arg.value:python}]*)<e>",
            "<s>f(x='),', y=(1,))<e>",
            [
                *("argument", "arg.key: x", "arg.value: '),'"),
                *("argument", "arg.key: y", "arg.value: (1,)"),
            ],
        ),
        (
            "<s>[{call:json fn, args}]*<e>",
            '<s>{"args": {}, "fn": "f"}{"fn": "}", "args": {}}<e>',
            [
                *("call", 'call: {"args": {}, "fn": "f"}'),
                *("call", 'call: {"fn": "}", "args": {}}'),
            ],
        ),
    ],
)
def test_read(line: str, text: str, said: list[str]) -> None:
    [[message, *found]] = readings(machine_of(line_of("a", line)), text)
    assert message == "message"
    assert [one.removeprefix("a.") for one in found] == said


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("<s>{content:json}<e>", "<s>]<e>"),
        ("<s>{content:json}<e>", '<s>"<e>'),
        ("<s>f([, |{arg.key}={arg.value:python}]*)<e>", "<s>f(x=true)<e>"),
        ("<s>[{call:json fn, args}]*<e>", '<s>{"args": {}, "fn": 1}<e>'),
    ],
)
def test_not_read(line: str, text: str) -> None:
    assert readings(machine_of(line_of("a", line)), text) == []
