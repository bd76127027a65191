"""Tools as tags, each as the template of Nemotron 3 writes it."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt.prepare.tags import tags


def of(parameters: Any, **members: Any) -> str:
    """What stands after the name."""
    text = tags({"name": "f", "parameters": parameters, **members})
    assert text.startswith("<function>\n<name>f</name>\n")
    assert text.endswith("\n</function>")
    return text.removeprefix("<function>\n<name>f</name>\n").removesuffix("\n</function>")


NONE = "<parameters>\n</parameters>"


@pytest.mark.parametrize(
    ("parameters", "members", "text"),
    [
        (None, {}, NONE),
        ({"type": "object", "properties": 1}, {}, NONE),
        ({}, {"description": " é\n"}, f"<description>é</description>\n{NONE}"),
        (
            {},
            {"strict": True, "x": [1, "é"], "type": "function"},
            f'{NONE}\n<strict>True</strict>\n<x>[1, "é"]</x>',
        ),
        (
            {"required": ["a"], "additionalProperties": False},
            {},
            (
                "<parameters>\n<additionalProperties>False</additionalProperties>\n"
                '<required>["a"]</required>\n</parameters>'
            ),
        ),
    ],
)
def test_functions(parameters: Any, members: dict[str, Any], text: str) -> None:
    assert of(parameters, **members) == text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, ""),
        (True, ""),
        (
            {"enum": ["a", 1], "description": " d ", "type": ["string", "null"], "name": "x"},
            (
                "<type>['string', 'null']</type>\n<description>d</description>\n"
                '<enum>["a", 1]</enum>\n'
            ),
        ),
        (
            {"items": {"type": "string"}, "default": None, "minimum": 1.5},
            '<items>{"type": "string"}</items>\n<default>None</default>\n<minimum>1.5</minimum>\n',
        ),
    ],
)
def test_parameters(schema: Any, text: str) -> None:
    assert of({"properties": {"a": schema}}) == (
        f"<parameters>\n<parameter>\n<name>a</name>\n{text}</parameter>\n</parameters>"
    )


def test_a_function_need_not_say_what_it_takes() -> None:
    assert tags({"name": "f"}) == f"<function>\n<name>f</name>\n{NONE}\n</function>"
