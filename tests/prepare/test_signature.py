"""Tools as Python functions, each as the template of Seed-OSS writes it."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt.prepare.signature import signature


def of(properties: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"name": "f", "parameters": {"properties": properties, **members}}


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (of({}), 'def f():\n    """\n    \n\n\n\n    """'),
        (
            {**of({}), "returns": {"properties": {"b": {"type": "array", "description": "B"}}}},
            'def f():\n    """\n    \n\n\n    Returns:\n    - b (list): B\n    """',
        ),
        (
            {**of({"a": {"type": "string"}}, required=["a"]), "description": " Do\nit. "},
            'def f(a: str):\n    """\n    Do\nit.\n\n    Args:\n    - a (str) [必填]: \n\n    """',
        ),
        (
            of(
                {
                    "a": {"type": "number", "description": None},
                    "b": {"type": "integer", "description": "B"},
                    "c": {"type": "boolean"},
                    "d": {"type": "object"},
                    "e": {"type": ["string"]},
                    "f": True,
                },
                required="a",
            ),
            (
                "def f(a: int,b: int,c: bool,d: Any,e: Any,f: Any):\n"
                '    """\n    \n\n    Args:\n    - a (int) [选填]: \n    - b (int) [选填]: B\n'
                "    - c (bool) [选填]: \n    - d (Any) [选填]: \n    - e (Any) [选填]: \n"
                '    - f (Any) [选填]: \n\n    """'
            ),
        ),
    ],
)
def test_signatures(function: dict[str, Any], text: str) -> None:
    assert signature(function) == text


@pytest.mark.parametrize(
    ("function", "found"),
    [
        ({"name": "f"}, "nothing"),
        ({"name": "f", "parameters": 1}, "the number 1"),
        ({"name": "f", "parameters": {}}, "nothing"),
        ({"name": "f", "parameters": {"properties": []}}, "a list of 0"),
    ],
)
def test_what_a_function_takes_is_needed(function: dict[str, Any], found: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        signature(function)
    assert str(caught.value) == (
        f"expected an object, the properties of the parameters of the tool f; found {found}"
    )
