"""What the member `template` of a row may be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatfmt import ChatFormat, FormatError
from chatfmt.line.template import copy_template
from letters import row

LINE = "<s>x<m>{content}<e>"
RESULTS = {"open": "<s>", "each": "<m>{content}<z>", "close": "<e>"}


def made(template: Any) -> ChatFormat:
    return ChatFormat(name="x", template=template, special_tokens=["<s>", "<m>", "<e>"])


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (None, "template must be a string or a mapping of roles to lines, found None"),
        ([LINE], f"template must be a string or a mapping of roles to lines, found [{LINE!r}]"),
        ("\ud800", "template must be a string or a mapping of roles to lines, found '\\ud800'"),
        (
            {1: LINE},
            f"template must be a string or a mapping of roles to lines, found {{1: {LINE!r}}}",
        ),
    ],
)
def test_it_is_a_line_or_a_mapping(template: Any, reason: str) -> None:
    with pytest.raises(FormatError) as error:
        made(template)
    assert str(error.value) == f"format x: {reason}"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (1, "template must be a line, a list of lines or an envelope, found 1"),
        ([], "template must be a line, a list of lines or an envelope, found []"),
        (
            "\udfff",
            "template must be a line, a list of lines or an envelope, found '\\udfff'",
        ),
        ([LINE, 2], "expected a line or a mapping with a line, found 2"),
        ([["a"]], "expected a line or a mapping with a line, found ['a']"),
        ({}, "there is no each"),
        ({"open": "<s>"}, "there is no each"),
        ({"each": LINE, "end": ""}, "there is no member 'end'; there are open, each, sep, close"),
        ({"each": None}, "each must be a string, found None"),
        ({"each": LINE, "sep": 1}, "sep must be a string, found 1"),
        ([{}], "there is no line"),
        ([{"after": "user"}], "there is no line"),
        (
            {"line": LINE, "role": "x"},
            "there is no member 'role'; there are line, after, training_end",
        ),
        ({"line": 1}, "line must be a string, found 1"),
        ({"line": LINE, "training_end": 1}, "training_end must be a string, found 1"),
        ({"line": LINE, "after": 1}, "after must be start or a list of roles, found 1"),
        ({"line": LINE, "after": [1]}, "after must be start or a list of roles, found [1]"),
    ],
)
def test_each_role_has_lines_or_an_envelope(lines: Any, reason: str) -> None:
    with pytest.raises(FormatError) as error:
        made({"user": LINE, "x": lines})
    assert str(error.value) == f"format x, role x: {reason}"


@pytest.mark.parametrize(
    "template",
    [
        LINE,
        {"a": LINE},
        {"a": [LINE, {"line": LINE, "training_end": "<e>"}]},
        {"a": {"line": LINE, "after": ["user", "start"]}},
        {"a": RESULTS},
    ],
)
def test_a_copy_is_the_callers_no_longer(template: Any) -> None:
    before = json.dumps(template)
    copied: Any = copy_template(template, "here")
    assert copied == template
    if not isinstance(copied, str):
        copied["b"] = 1
        if not isinstance(copied["a"], str):
            copied["a"].clear()
    assert json.dumps(template) == before


def test_one_role_after_which_a_line_may_stand_needs_no_list() -> None:
    copied = copy_template({"a": {"line": LINE, "after": "start"}}, "here")
    assert copied == {"a": {"line": LINE, "after": ["start"]}}


def test_what_the_caller_does_later_does_not_change_the_format() -> None:
    lines: Any = ["<s>x{^}<m>{content}<e>", {"line": "<s>x{^}<z>{content}<m>{tools}<e>"}]
    template: Any = {"user": lines}
    tok = row(template)
    before = tok.format.row()
    lines.clear()
    template["other"] = LINE
    assert tok.format.row() == before
    assert len(tok.format.lines_of["user"]) == 2
    given = tok.format.row()
    given["template"]["user"].clear()
    given["special_tokens"].clear()
    assert tok.format.row() == before
    assert ChatFormat.from_row(json.loads(json.dumps(before))) == tok.format


def test_a_single_line_may_say_more() -> None:
    template = {"user": "<s>u<m>{content}<e>"}
    said = {"line": "<s>a<m>{^}{content}<e>", "training_end": "<z>"}
    tok = row({**template, "assistant": said}, stops=["<z>"])
    [line] = tok.format.lines_of["assistant"]
    assert line.training_end == "<z>"
    assert line.ends == ("<e>", "<z>")
    assert tok.format.ends_of("assistant") == {"<e>": False, "<z>": True}


def test_an_envelope_stands_by_itself() -> None:
    tok = row({"user": "<s>u<m>{content}<e>", "tool": RESULTS})
    assert [*tok.format.envelopes] == ["tool"]
    assert [line.roles for line in tok.format.lines] == [("user",)]
    assert [line.roles for line in tok.format.lines_of["tool"]] == [("tool",)]
    assert tok.format.ends_of("tool") == {"<e>": True}
