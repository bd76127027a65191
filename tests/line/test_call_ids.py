"""The shape of call ids, and rows in which only the id has the name of a tool."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import FormatError, Message, RenderError, ToolCall
from chatfmt.line.call_ids import CallIds
from letters import ids_of, row

SHAPE = "functions.{call.name}:{n}"
BY_ID = {
    "user": "<s>user<m>{content}<e>",
    "assistant": "<s>ai<m>{^}{content}[<z>{call.id}<m>{call.arguments}]*<e>",
}
BY_NAME = {
    "user": "<s>user<m>{content}<e>",
    "assistant": "<s>ai<m>{^}{content}[<z>{call.name}<m>{call.arguments}]*<e>",
}
BY_KEY = {
    "user": "<s>user<m>{content}<e>",
    "assistant": "<s>ai<m>{^}{content}[<z>{call:json name, arguments, id}]*<e>",
}


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("functions.get_weather:0", "get_weather"),
        ("functions.a.b:12", "a.b"),
        ("functions.a:1:2", "a:1"),
        ("functions.a\nb:0", "a\nb"),
        ("functions.:0", None),
        ("functions.f:", None),
        ("functions.f:x", None),
        ("functions.f:\N{ARABIC-INDIC DIGIT ONE}", None),
        ("functions.f:0 ", None),
        ("functionsXf:0", None),
        ("f:0", None),
        ("", None),
    ],
)
def test_an_id_says_the_name(identifier: str, name: str | None) -> None:
    assert CallIds(SHAPE, "here").name_in(identifier) == name


@pytest.mark.parametrize(
    "shape", ["x", "{call.name}", "{n}", "{call.name}{call.name}{n}", "{call.name}{n}{n}"]
)
@pytest.mark.parametrize("template", [BY_ID, BY_NAME, BY_KEY])
def test_a_shape_has_a_name_and_a_number(shape: str, template: dict[str, str]) -> None:
    with pytest.raises(FormatError) as error:
        row(template, call_ids=shape)
    assert str(error.value) == (
        "format row: call_ids must have {call.name} and {n} once each, such as " + SHAPE
    )


@pytest.mark.parametrize("template", [BY_NAME, BY_KEY])
def test_what_says_the_name_says_it_alone(template: dict[str, str]) -> None:
    with pytest.raises(FormatError) as error:
        row(template, call_ids=SHAPE)
    assert str(error.value) == (
        "format row, role assistant: a call already has the name of its tool, so its id does "
        "not need it; "
        "leave out call_ids"
    )


def test_a_shape_is_for_rows_with_calls() -> None:
    with pytest.raises(FormatError) as error:
        row({"user": "<s>user<m>{content}<e>"}, call_ids=SHAPE)
    assert str(error.value) == "format row: call_ids is given, but no line has calls"


def said(identifier: str | None) -> list[Message]:
    call = ToolCall(name="f", arguments='{"a": 1}', id=identifier)
    return [Message(role="assistant", content="so", tool_calls=(call,))]


def test_the_name_is_read_from_the_id() -> None:
    tok = row(BY_ID, call_ids=SHAPE)
    messages = said("functions.f:0")
    ids = ids_of('<s>ai<m>so<z>functions.f:0<m>{"a": 1}<e>')
    assert tok.encode(messages) == ids
    assert tok.decode(ids).messages == tuple(messages)


@pytest.mark.parametrize("identifier", [None, "f", "functions.g:0", "functions.f:one"])
def test_an_id_that_says_otherwise_is_refused(identifier: str | None) -> None:
    with pytest.raises(RenderError) as error:
        row(BY_ID, call_ids=SHAPE).encode(said(identifier))
    found: Any = error.value
    assert found.reason == (f"call 0: expected an id that says the name 'f', found {identifier!r}")
    assert (found.message, found.field) == (0, "tool_calls")


@pytest.mark.parametrize("template", [BY_ID, BY_NAME])
def test_a_call_says_its_tool_and_its_arguments(template: dict[str, str]) -> None:
    shape = SHAPE if template is BY_ID else ""
    needed = "{call.id}" if shape else "{call.name}"
    for left_out in (needed, "{call.arguments}"):
        assistant = template["assistant"].replace(left_out, "")
        with pytest.raises(FormatError) as error:
            row({**template, "assistant": assistant}, call_ids=shape)
        assert str(error.value) == (
            f"format row, role assistant: a call needs {needed} and {{call.arguments}}, "
            "or a list of arguments"
        )


def test_an_id_must_be_there_where_the_line_writes_it() -> None:
    both = BY_NAME["assistant"].replace("{call.name}", "{call.id}<m>{call.name}")
    tok = row({**BY_NAME, "assistant": both})
    with pytest.raises(RenderError) as error:
        tok.encode(said(None))
    assert error.value.reason == "call 0: the format needs an id for each call, found none"
    assert tok.decode(tok.encode(said("c"))).messages == tuple(said("c"))
