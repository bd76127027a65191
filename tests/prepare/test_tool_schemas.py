"""Tool definitions: anything else is refused with its place, and definitions pass."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import RenderError, get_tokenizer
from chatfmt.prepare.schemas import check_tools


def tool(schema: Any) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": "f", "parameters": schema}}]


def of(schema: Any) -> list[dict[str, Any]]:
    """A tool with one parameter of this schema."""
    return tool({"type": "object", "properties": {"x": schema}})


GOOD = [
    [],
    [{"name": "f"}],
    [{"name": "f", "description": None, "input_schema": {"type": "object"}}],
    [{"type": "function", "function": {"name": "f", "strict": True}}],
    tool(None),
    tool({}),
    tool({"properties": {"x": True}}),
    of({"type": ["string", "null"], "enum": ["a", None], "default": 3, "x-own": [1]}),
    of({"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/y"}]}}),
    of({"type": "array", "items": [{"type": "string"}, False]}),
    tool({"type": "object", "required": ["x"], "additionalProperties": False, "$defs": {"y": {}}}),
    of({"type": None, "description": None, "items": None, "enum": None, "anyOf": None}),
    of({"properties": {"type": {"type": "string"}, "required": {"type": "boolean"}}}),
]


@pytest.mark.parametrize("tools", GOOD)
def test_a_definition_passes(tools: Any) -> None:
    check_tools(tools)
    check_tools(tuple(tools))


P = "tools[0].function.parameters"
X = f"{P}.properties.x"


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        ({"name": "f"}, "tools: expected a list of definitions, found an object with name"),
        (["f"], "tools[0]: expected the definition of a tool as an object, found the text 'f'"),
        ([{"name": "f"}, {}], "tools[1].name: expected the name of a tool, found nothing"),
        ([{"function": {"name": ""}}], "tools[0].function.name: expected the name of a tool"),
        ([{"function": "f"}], "tools[0].function: expected a function as an object, found the"),
        ([{"name": "f", "description": 1}], "tools[0].description: expected text, found the num"),
        ([{"name": "f", "input_schema": []}], "tools[0].input_schema: expected a JSON schema as"),
        (tool([1]), f"{P}: expected a JSON schema as an object, found a list of 1"),
        (tool({"type": "dict"}), f"{P}.type: expected string, number, integer, boolean, array, "),
        (tool({"required": "x"}), f"{P}.required: expected a list, found the text 'x'"),
        (tool({"required": ["x", 1]}), f"{P}.required: expected a list of names, found the numb"),
        (tool({"properties": ["x"]}), f"{P}.properties: expected an object of JSON schemas, fou"),
        (of("string"), f"{X}: expected a JSON schema, found the text 'string'"),
        (of({"type": ["string", None]}), f"{X}.type: expected string, number, integer, boolean"),
        (of({"description": ["a"]}), f"{X}.description: expected text, found a list of 1"),
        (of({"enum": {}}), f"{X}.enum: expected a list, found an empty object"),
        (of({"anyOf": {}}), f"{X}.anyOf: expected a list, found an empty object"),
        (of({"oneOf": [{}, 1]}), f"{X}.oneOf[1]: expected a JSON schema, found the number 1"),
        (of({"items": [1]}), f"{X}.items[0]: expected a JSON schema, found the number 1"),
        (of({"items": {"not": 1}}), f"{X}.items.not: expected a JSON schema, found the number 1"),
    ],
)
def test_what_is_none_is_refused_with_its_place(tools: Any, reason: str) -> None:
    with pytest.raises(ValueError, match="expected") as error:
        check_tools(tools)
    assert str(error.value).startswith(reason)
    if isinstance(tools, list) and all(isinstance(one, dict) for one in tools):
        with pytest.raises(RenderError) as refused:
            get_tokenizer("gpt-4o").prepare([{"role": "user", "content": "a"}], tools=tools)
        assert refused.value.reason == str(error.value)


def test_depth_is_no_matter() -> None:
    schema: dict[str, Any] = {"type": "no"}
    for _ in range(5000):
        schema = {"items": schema}
    with pytest.raises(ValueError, match=r"items\.type: expected string"):
        check_tools(tool(schema))
