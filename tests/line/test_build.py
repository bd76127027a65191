"""Where messages, calls and arguments begin and end in the machine of a layout."""

from __future__ import annotations

import pytest
from machines import line_of, machine_of, readings

# -- envelopes: one frame around the results of tools that stand side by side ----------------------

USER = line_of("user", "<s>u:{content}<e>\n")
FRAMED = machine_of(
    USER,
    envelopes={"tool": {"open": "<s>u:", "each": "<m>{content}<z>", "close": "<e>\n"}},
)
SEPARATED = machine_of(
    USER,
    envelopes={"tool": {"open": "<s>u:", "each": "<m>{content}<z>", "sep": "; ", "close": "<e>\n"}},
)
ONE = ["message", "tool.content: a"]
TWO = [*ONE, "message", "tool.content: b"]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("<s>u:<m>a<z><e>\n", ONE),
        ("<s>u:<m>a<z><m>b<z><e>\n", TWO),
        ("<s>u:<m><z><m><z><e>\n", ["message", "message"]),
        # another frame is closed and opened again, and anything may follow
        ("<s>u:<m>a<z><e>\n<s>u:<m>b<z><e>\n", TWO),
        ("<s>u:<m>a<z><e>\n<s>u:hi<e>\n", [*ONE, "message", "user.content: hi"]),
        # not closed at the end of the input
        ("<s>u:<m>a<z>", ONE),
        ("<s>u:<m>a<z><m>b<z>", TWO),
        # without a result in it, it is the other line
        ("<s>u:<e>\n", ["message"]),
    ],
)
def test_messages_in_an_envelope(text: str, messages: list[str]) -> None:
    assert readings(FRAMED, text) == [messages]


@pytest.mark.parametrize(
    "text",
    [
        "<s>u:<m>a<e>\n",  # a result that does not end
        "<s>u:<m>a<z>b<e>\n",  # text between the results
        "<s>u:<m>a<z>; <m>b<z><e>\n",  # a separator that there is none of
        "<s>u:<m>a<z><s>u:hi<e>\n",  # another message before it is closed
        "<s>u:b<m>a<z><e>\n",  # text before the results
        "<m>a<z>",  # no frame
        "<s>u:<m>a<z><e>\n<m>b<z>",  # after the frame
        "<s>u:<m>a",
    ],
)
def test_no_messages_in_an_envelope(text: str) -> None:
    assert readings(FRAMED, text) == []


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("<s>u:<m>a<z><e>\n", ONE),
        ("<s>u:<m>a<z>; <m>b<z><e>\n", TWO),
        ("<s>u:<m>a<z>; <m>b<z>; <m>; <z><e>\n", [*TWO, "message", "tool.content: ; "]),
        ("<s>u:<m>a<z>; <m>b<z>", TWO),
    ],
)
def test_messages_in_an_envelope_with_separators(text: str, messages: list[str]) -> None:
    assert readings(SEPARATED, text) == [messages]


@pytest.mark.parametrize(
    "text",
    [
        "<s>u:<m>a<z><m>b<z><e>\n",  # without
        "<s>u:; <m>a<z><e>\n",  # before the first
        "<s>u:<m>a<z>; <e>\n",  # after the last
        "<s>u:<m>a<z>; ; <m>b<z><e>\n",  # twice
        "<s>u:<m>a<z>; ",  # at the end of the input
    ],
)
def test_an_envelope_is_separated_between_messages_only(text: str) -> None:
    assert readings(SEPARATED, text) == []


# -- lines without a header, which stand after some messages only ----------------------------------

PLACED = machine_of(
    line_of("system", "{content}<z>", after=("start",)),
    line_of("user", "<s>u:{content}<e>"),
    line_of("tool", "<s>t:{content}<e>"),
    line_of("assistant", "{content}<m>", after=("tool", "assistant")),
    line_of("assistant", "<s>a:{content}<m>"),
    prologue="<m>",
)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("<m>", []),
        ("<m>hi<z>", ["system.content: hi"]),
        ("<m><s>u:hi<e>", ["user.content: hi"]),
        (
            "<m>hi<z><s>t:1<e>so<m>",
            ["system.content: hi", "tool.content: 1", "assistant.content: so"],
        ),
        (
            "<m><s>a:a<m>b<m>c<m>",
            ["assistant.content: a", "assistant.content: b", "assistant.content: c"],
        ),
    ],
)
def test_a_line_stands_where_it_may(text: str, messages: list[str]) -> None:
    opened = [said for message in messages for said in ("message", message)]
    assert readings(PLACED, text) == [opened]


@pytest.mark.parametrize(
    "text",
    [
        "<m>hi<m>",  # an answer at the start
        "<m><s>t:1<e><s>a:x<m>",  # one with a header where it has none
        "<m><s>u:hi<e>so<m>",  # after another role
        "<m><s>u:hi<e>hi<z>",  # at the start only
        "<m><s>t:hi<e>hi<z>",
        "<m>hi<z>hi<z>",  # the start is over
        "hi<z>",  # the prologue comes first
    ],
)
def test_a_line_stands_nowhere_else(text: str) -> None:
    assert readings(PLACED, text) == []


# -- messages that whatever follows ends -----------------------------------------------------------

OPEN = machine_of(
    line_of("user", "<s>{content}{next}"),
    line_of("assistant", "<m>{content}[<z>{call.name} {call.arguments:object}]*{next}"),
    line_of("assistant", "<m>{content}{next}"),
)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("<s>hi", ["message", "user.content: hi"]),
        ("<s>", ["message"]),
        (
            "<s>hi<m>so<s>",
            ["message", "user.content: hi", "message", "assistant.content: so", "message"],
        ),
        (
            "<m>so<z>f {}<z>g {}<s>",
            [
                *("message", "assistant.content: so"),
                *("call", "assistant.call.name: f", "assistant.call.arguments: {}"),
                *("call", "assistant.call.name: g", "assistant.call.arguments: {}"),
                "message",
            ],
        ),
    ],
)
def test_a_message_ends_with_the_first_token_of_the_next(text: str, messages: list[str]) -> None:
    assert readings(OPEN, text) == [messages]


@pytest.mark.parametrize("text", ["<m>so<z>f {", "<m>so<z>f {<s>hi", "<m>so<z>f", "hi", "<s>hi<e>"])
def test_a_message_that_is_not_complete_is_ended_by_nothing(text: str) -> None:
    assert readings(OPEN, text) == []


# -- lists in lists --------------------------------------------------------------------------------

NESTED = machine_of(line_of("a", "<s>[; |{call.name}[<m>{arg.key}={arg.value:python}]*]*<e>"))


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("f", ["call", "a.call.name: f"]),
        ("f; g", ["call", "a.call.name: f", "call", "a.call.name: g"]),
        (
            'f<m>x="1"<m>y="; g"; g',
            [
                *("call", "a.call.name: f"),
                *("argument", "a.arg.key: x", 'a.arg.value: "1"'),
                *("argument", "a.arg.key: y", 'a.arg.value: "; g"'),
                *("call", "a.call.name: g"),
            ],
        ),
    ],
)
def test_any_number_of_arguments_in_at_least_one_call(text: str, calls: list[str]) -> None:
    assert readings(NESTED, f"<s>{text}<e>") == [["message", *calls]]


@pytest.mark.parametrize(
    "text", ["", "; f", "f; ", "f<m>", "f<m>x", "f<m>x=", '<m>x="1"', 'f<m>x="']
)
def test_a_list_that_is_not_complete(text: str) -> None:
    assert readings(NESTED, f"<s>{text}<e>") == []


# -- what lines share ------------------------------------------------------------------------------


def test_the_variants_of_a_line_share_the_fields_before_they_part() -> None:
    machine = machine_of(
        line_of("tool", "<s>{recipient}<m>[think {reasoning}/think ]{content}<e>"),
        line_of("user", "<s>user<m>{content}<z>"),
    )
    names = [place for place in machine.all if place.meaning.field == "recipient"]
    assert len(names) == 5  # after u, us, use, user, and after all else
    for name, words in {"u": ["tool.recipient: u"], "users": ["tool.recipient: users"]}.items():
        assert readings(machine, f"<s>{name}<m>think a/think b<e>") == [
            ["message", *words, "tool.reasoning: a", "tool.content: b"]
        ]
        assert readings(machine, f"<s>{name}<m>b<e>") == [["message", *words, "tool.content: b"]]
    assert readings(machine, "<s>user<m>b<e>") == []
    assert readings(machine, "<s>user<m>b<z>") == [["message", "user.content: b"]]


def test_two_equal_lines_are_one() -> None:
    line = line_of("a", "<s>[x{name}]<m>{content}<e>")
    once, twice = machine_of(line), machine_of(line, line)
    assert len(once.all) == len(twice.all)
    for text in ("<s>xb<m>c<e>", "<s>xb<m>c<e><s><m>d<e>"):
        assert len(readings(twice, text)) == 1
        assert readings(twice, text) == readings(once, text)


def test_lines_that_part_after_their_calls_share_these() -> None:
    lines = "<s>[; |{call.name}[<m>{arg.key}={arg.value:python}]*]*"
    once = machine_of(line_of("a", f"{lines}<e>"))
    both = machine_of(line_of("a", f"{lines}<e>"), line_of("a", f"{lines}<z>"))
    assert len(both.all) == len(once.all) + 1
    for end in ("<e>", "<z>"):
        assert readings(both, f"<s>f<m>x=1; g{end}") == readings(once, "<s>f<m>x=1; g<e>")
