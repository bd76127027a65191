"""Tool definitions as text."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from chatfmt.prepare.spelling import Spelling
from preparing import TOOL

BARE: dict[str, Any] = {"name": "g"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {},
            '{"type": "function", "function": {"name": "f", "description": "é"}}\n{"name": "g"}',
        ),
        ({"function": True}, '{"name": "f", "description": "é"}\n{"name": "g"}'),
        (
            {"function": True, "whole": True, "before": "<", "after": ">"},
            '<[{"name": "f", "description": "é"}, {"name": "g"}]>',
        ),
        (
            {"function": True, "compact": True, "before": "<", "after": ">", "between": ";"},
            '<{"name":"f","description":"é"}>;<{"name":"g"}>',
        ),
        (
            {"sorted_keys": True},
            '{"function": {"description": "é", "name": "f"}, "type": "function"}\n{"name": "g"}',
        ),
        (
            {"function": True, "whole": True, "indent": 2},
            '[\n  {\n    "name": "f",\n    "description": "é"\n  },\n  {\n    "name": "g"\n  }\n]',
        ),
    ],
)
def test_spellings(options: dict[str, Any], text: str) -> None:
    assert Spelling(**options).spell([TOOL, BARE]) == text


def test_another_language() -> None:
    spelling = Spelling(kind="typescript", before="<", after=">")
    assert spelling.spell([TOOL, BARE]) == "<// é\ntype f = () => any;>\n<type g = () => any;>"


@pytest.mark.parametrize(
    ("tool", "reason"),
    [
        ({"function": 1}, "expected a function in the definition of a tool, found the number 1"),
        ({"function": {}}, "expected the name of a tool, found nothing"),
        ({"name": 1}, "expected the name of a tool, found the number 1"),
        (
            {"name": "f", "description": ["x"]},
            "expected text as the description of the tool f, found a list",
        ),
    ],
)
def test_what_is_no_function(tool: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        Spelling(kind="typescript").spell([tool])
    assert str(caught.value).startswith(reason)
    Spelling().spell([tool])


def test_what_stands_before_a_definition_may_name_it() -> None:
    spelling = Spelling(before="Use {name} to {description}{x}: ", between=" ")
    spelled = spelling.spell([{**BARE, "description": "{name}"}, BARE])
    expected = 'Use g to {name}{x}: {"name": "g", "description": "{name}"}'
    assert spelled == expected + ' Use g to {x}: {"name": "g"}'
    with pytest.raises(ValueError, match="expected the name of a tool, found nothing"):
        spelling.spell([{}])


def test_nothing_is_spelled_as_nothing() -> None:
    assert Spelling(before="<", after=">").spell([]) == ""
    assert Spelling(before="<", after=">", whole=True).spell([]) == "<[]>"


@pytest.mark.parametrize("options", [{"indent": "2"}, {"whole": 1}, {"sort": True}])
def test_options_are_checked_strictly(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Spelling(**options)
