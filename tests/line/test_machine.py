"""Facts derived from the machine of a layout: fences, ends, and where nothing is held back."""

from __future__ import annotations

import pytest
from machines import line_of, machine_of, readings


@pytest.mark.parametrize(
    ("line", "fences"),
    [
        ("<s>{content}x{reasoning}<e>", [("content", "x")]),
        ("<s>{content}xy{reasoning}<e>", [("content", "xy")]),
        ("<s>{content}xx{reasoning}<e>", [("content", "xx")]),
        ("<s>{content}xyz{reasoning}<e>", [("content", "xyz")]),
        ("<s>[xy{reasoning}zx]{content}<e>", [("content", "^xy"), ("reasoning", "zx")]),
        ("<s>{reasoning}\n\n{content}ab{tools}<e>", [("reasoning", "\n\n"), ("content", "ab")]),
        # a special token tells
        ("<s>{content}xy<m>{reasoning}<e>", []),
    ],
)
def test_a_fence_is_the_whole_text_between_two_fields(
    line: str, fences: list[tuple[str, str]]
) -> None:
    assert machine_of(line_of("a", line)).fences == fences


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb\n\nc", ["a.reasoning: a\nb", "a.content: c"]),
        ("\n\n", []),
        ("a\n\n\nb\n\n", ["a.reasoning: a", "a.content: \nb\n\n"]),
        ("\na\n\nb", ["a.reasoning: \na", "a.content: b"]),
    ],
)
def test_a_part_of_a_fence_is_text(text: str, said: list[str]) -> None:
    machine = machine_of(line_of("a", "<s>{reasoning}\n\n{content}<e>"))
    assert readings(machine, f"<s>{text}<e>") == [["message", *said]]


def test_a_fence_between_the_messages_of_an_envelope() -> None:
    """Its characters are told from others although no line has them."""
    machine = machine_of(
        line_of("a", "<s>{content}<e>"),
        envelopes={"tool": {"open": "<m>", "each": "{content}", "sep": "\n§", "close": "<e>"}},
    )
    assert machine.fences == [("content", "\n§")]
    assert machine.characters.kind("§") != machine.characters.kind("é")
    assert readings(machine, "<m>a\n\n§§b<e>") == [
        ["message", "tool.content: a\n", "message", "tool.content: §b"]
    ]


def test_ends_and_where_they_lead() -> None:
    machine = machine_of(
        line_of("a", "<s>{content}{end}", ends=["<e>", "<z>"]), line_of("b", "<m>{content}<e>")
    )
    assert machine.end_spellings == {"<e>", "<z>"}
    ended = {end: machine.end_place(end, "a") for end in ("<e>", "<z>", "<m>")}
    assert ended["<e>"] is not None
    assert ended["<z>"] is not None
    assert ended["<e>"] != ended["<z>"]
    assert ended["<m>"] is None
    assert machine.end_place("<e>", "b") not in (None, ended["<e>"])
    assert machine.end_place("<z>", "b") is None


def test_where_nothing_is_held_back() -> None:
    machine = machine_of(line_of("a", "<s>{reasoning}\n\n{content}<e>"))
    [free, holding] = [place for place in machine.all if place.meaning.field == "reasoning"]
    assert (free.held, holding.held) == ("", "\n")
    assert machine.unheld(holding.index) == machine.unheld(free.index) == free.index
    [content] = [place for place in machine.all if place.meaning.field == "content"]
    assert machine.unheld(content.index) == content.index


@pytest.mark.parametrize(
    ("line", "fences", "text", "said"),
    [
        # what is a fence before a further item is none before the first
        (
            "<s>[; {call.name} {call.arguments}]*<e>",
            ["; "],
            "<s>; f a;; g b<e>",
            [
                *("call", "call.name: f", "call.arguments: a;"),
                *("call", "call.name: g", "call.arguments: b"),
            ],
        ),
        (
            "<s>f\n[<p={arg.key}>\n{arg.value}\n</p>\n]*</f>\n<e>",
            ["\n</p>\n<p="],
            "<s>f\n<p=x>\n\n</p>\n<p=y>\n\n</p>\n\n</p>\n</f>\n<e>",
            ["argument", "arg.key: x", "argument", "arg.key: y", "arg.value: \n</p>\n"],
        ),
        (
            "<s>f\n[<p={arg.key}>\n{arg.value}\n</p>\n]*</f>\n<e>",
            ["\n</p>\n<p="],
            "<s>f\n</f>\n<e>",
            [],
        ),
        (  # two fences that begin alike
            "<s>f\n[<p={arg.key}>\n{arg.value}\n</p>\n]*</f>\n{content}<e>",
            ["\n</p>\n<p=", "\n</p>\n</f>\n"],
            "<s>f\n<p=x>\n</p>\n</p>\n<p=y>\n1\n</p>\n</f>\n</p><e>",
            [
                *("argument", "arg.key: x", "arg.value: </p>"),
                *("argument", "arg.key: y", "arg.value: 1"),
                "content: </p>",
            ],
        ),
        # nor is what closes a list, where there is no item
        (
            "<s>([, |{arg.key}={arg.value}]*) {content}<e>",
            [") ", ", "],
            "<s>() a<e>",
            ["content: a"],
        ),
        (
            "<s>([, |{arg.key}={arg.value}]*) {content}<e>",
            [") ", ", "],
            "<s>(x=1,, y=)) a) <e>",
            [
                *("argument", "arg.key: x", "arg.value: 1,"),
                *("argument", "arg.key: y", "arg.value: )"),
                "content: a) ",
            ],
        ),
    ],
)
def test_a_text_is_a_fence_only_after_its_field(
    line: str, fences: list[str], text: str, said: list[str]
) -> None:
    machine = machine_of(line_of("a", line))
    assert [fence for _, fence in machine.fences] == fences
    [[message, *found]] = readings(machine, text)
    assert message == "message"
    assert [one.removeprefix("a.") for one in found] == said
