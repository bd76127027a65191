"""Types of tools, each as openai-harmony 0.0.8 writes it; others are compared with the library."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt.prepare.typescript import typescript

OBJECT: dict[str, Any] = {"type": "object"}


def of(parameters: Any) -> str:
    """The type of what a function takes."""
    text = typescript({"name": "f", "parameters": parameters})
    assert text.startswith("type f = (_: ")
    assert text.endswith(") => any;")
    return text.removeprefix("type f = (_: ").removesuffix(") => any;")


def member(schema: Any) -> str:
    """A property of this schema, which need not be given."""
    text = of({**OBJECT, "properties": {"a": schema}})
    assert text.startswith("{\n")
    assert text.endswith("}")
    return text[2:-1]


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ({"name": "f"}, "type f = () => any;"),
        ({"name": "f", "description": None, "parameters": None}, "type f = () => any;"),
        (
            {"name": "f", "description": "a\r\nb\n\nc\n"},
            "// a\n// b\n// \n// c\ntype f = () => any;",
        ),
        ({"name": "f", "description": "a\r"}, "// a\r\ntype f = () => any;"),
        ({"name": "f", "parameters": {}}, "type f = (_: any) => any;"),
    ],
)
def test_functions(function: dict[str, Any], text: str) -> None:
    assert typescript(function) == text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "enum": ["a", 1, 'b"c']}, '"a" | "b"c"'),
        ({"type": "string", "enum": [1]}, "string"),
        ({"type": "string", "enum": "a"}, "string"),
        ({"type": "number"}, "number"),
        ({"type": "integer"}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "null"}, "any"),
        ({"type": 1}, "any"),
        ({}, "any"),
        (True, "any"),
        ({"oneOf": 1}, "any"),
        ({"type": ["integer", 1, "null"]}, "number | null"),
        ({"type": [1]}, "any"),
        ({"type": "array"}, "Array<any>"),
        ({"type": "array", "items": {"type": "integer"}}, "number[]"),
        ({"type": "array", "items": {"type": "array", "items": True}}, "any[][]"),
        ({"type": "object", "properties": 1}, "{\n}"),
        ({"type": "object", "description": "d"}, "// d\n{\n}"),
        ({"oneOf": []}, ""),
        (
            {"oneOf": [{"type": "integer", "description": "d", "default": 1}, {"nullable": True}]},
            "\n | number // d default: 1\n | any | null",
        ),
        ({"oneOf": [{"type": "string", "default": "x"}]}, '\n | string // default: "x"'),
        (
            {"oneOf": [{"type": "string", "enum": ['"'], "default": '"'}]},
            '\n | """ // default: "\\""',
        ),
    ],
)
def test_types(schema: Any, text: str) -> None:
    assert of(schema) == text


def test_properties_that_must_be_given() -> None:
    properties = {"a": {"type": "string"}, "b": {"type": "string"}}
    needs_b = {**OBJECT, "properties": properties, "required": ["b", 1]}
    assert of(needs_b) == "{\na?: string,\nb: string,\n}"
    assert of({**needs_b, "required": "b"}) == "{\na?: string,\nb?: string,\n}"


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (1, "a?: any,\n"),
        (
            {"type": "string", "title": "T", "description": "d", "examples": ["x", 1]},
            '// T\n//\n// d\n// Examples:\n// - "x"\na?: string,\n',
        ),
        ({"title": 1, "description": 1, "examples": []}, "a?: any,\n"),
        ({"type": "string", "default": "x"}, 'a?: string, // default: "x"\n'),
        ({"type": "string", "enum": ["x"], "default": "x"}, 'a?: "x", // default: x\n'),
        ({"default": None}, "a?: any, // default: null\n"),
        ({"type": "integer", "nullable": True}, "a?: number | null,\n"),
        ({"type": ["null"], "nullable": True}, "a?: null,\n"),
        ({"nullable": 1}, "a?: any,\n"),
        ({"oneOf": None, "description": "d", "default": 1}, "a?: any,\n"),
        (
            {"type": "object", "properties": {"b": {"type": "array", "items": OBJECT}}},
            "a?: {\n    b?: {\n        }[],\n    },\n",
        ),
        ({"oneOf": []}, "a?:\n,\n"),
        (
            {"oneOf": [{"type": "integer", "description": "d"}, {"description": "e"}]},
            "a?:\n | number // d\n | any // e\n,\n",
        ),
        (
            {
                "description": "d",
                "default": 1,
                "oneOf": [{"description": "e", "default": 2}, {"description": "e"}],
            },
            "// d\n// default: 1\na?:\n | any // default: 2\n | any // e\n,\n",
        ),
        (
            {"description": "d", "oneOf": [{"description": "d"}, {"description": "d"}, True]},
            "a?:\n | any\n | any\n | any\n,\n",
        ),
    ],
)
def test_properties(schema: Any, text: str) -> None:
    assert member(schema) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (-1, "-1"),
        (2**64 - 1, "18446744073709551615"),
        (2**64, "1.8446744073709552e19"),
        (10**22, "1e22"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (12.5, "12.5"),
        (100.0, "100.0"),
        (0.05, "0.05"),
        (0.00001, "0.00001"),
        (0.0000125, "0.0000125"),
        (0.000001, "1e-6"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
        (1.25e17, "1.25e17"),
        ({"b": [1.0, None], "é": 'x"'}, '{"b":[1.0,null],"é":"x\\""}'),
    ],
)
def test_values(value: Any, text: str) -> None:
    assert member({"default": value}) == f"a?: any, // default: {text}\n"


def test_a_number_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a number that 64 bits can hold"):
        member({"default": 10**400})
