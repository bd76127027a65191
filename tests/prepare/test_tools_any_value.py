"""Anything may be given as tools: they are read, or refused with the place of what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from chatfmt import ChatfmtError, RenderError
from formats_under_test import tokenizer_for
from odd_values import damaged

if TYPE_CHECKING:
    from chatfmt import ChatTokenizer

_PROPERTIES = {
    "a": {"type": ["integer", "null"], "enum": [1], "default": 1, "description": "x"},
    "b": {"anyOf": [{"const": 1}, {"type": "array", "items": {}}]},
}
_PARAMETERS = {"type": "object", "properties": _PROPERTIES, "required": ["a"]}
TOOLS = [
    {"type": "function", "function": {"name": "f", "description": "d", "parameters": _PARAMETERS}}
]
# JSON, TypeScript, a signature, tags; arguments in JSON, and one by one.
FORMATS = ["llama-3.1", "gpt-oss", "functionary-3.1", "qwen-3-coder"]


@pytest.fixture(scope="module", params=FORMATS)
def tok(request: pytest.FixtureRequest) -> ChatTokenizer:
    return tokenizer_for(request.param)


def test_prepare_takes_any_tools_or_refuses_them(tok: ChatTokenizer) -> None:
    refused = 0
    chat = [{"role": "user", "content": "hi"}]
    values = {name: "1 Jan 2026" for word in tok.format.preparation for name in word.names}
    for tools in damaged(TOOLS):
        try:
            tok.prepare(chat, tools=tools, values=values)
        except (ChatfmtError, ValidationError):
            refused += 1
    assert refused


def test_readers_take_any_tools_or_refuse_them(tok: ChatTokenizer) -> None:
    ids = tok.encode([{"role": "user", "content": "hi"}])
    refused = set()
    for tools in damaged(TOOLS):
        try:
            tok.stream(tools=tools)
            tok.parse(ids, tools=tools)
        except ValueError as error:
            refused.add(str(error).partition(",")[0])
    assert refused == {
        "tools: expected a list of definitions",
        "tools[0]: expected the definition of a tool as an object",
    }


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        ({"name": "f"}, "tools: expected a list of definitions, found an object with name"),
        ("f", "tools: expected a list of definitions, found the text 'f'"),
        (1, "tools: expected a list of definitions, found the number 1"),
        ([[]], "tools[0]: expected the definition of a tool as an object, found a list of 0"),
    ],
)
def test_what_is_no_list_of_tools(tok: ChatTokenizer, tools: Any, reason: str) -> None:
    ids = tok.encode([])
    with pytest.raises(ValueError, match="tools") as caught:
        tok.parse(ids, tools=tools)
    assert str(caught.value) == reason


def test_prepare_takes_only_a_list_of_tools(tok: ChatTokenizer) -> None:
    tools: Any = 1
    with pytest.raises(ValidationError, match="expected a list, found the number 1"):
        tok.prepare([], tools=tools)


def test_values_that_are_no_object(tok: ChatTokenizer) -> None:
    values: Any = ["date"]
    with pytest.raises(RenderError, match="values: expected names and their values, found a list"):
        tok.prepare([], values=values)
