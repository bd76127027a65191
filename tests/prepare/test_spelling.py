"""Definitions of tools as text."""

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
            {"function": True, "whole": True, "indent": 2},
            '[\n  {\n    "name": "f",\n    "description": "é"\n  },\n  {\n    "name": "g"\n  }\n]',
        ),
    ],
)
def test_spellings(options: dict[str, Any], text: str) -> None:
    assert Spelling(**options).spell([TOOL, BARE]) == text


def test_nothing_is_spelled_as_nothing() -> None:
    assert Spelling(before="<", after=">").spell([]) == ""
    assert Spelling(before="<", after=">", whole=True).spell([]) == "<[]>"


@pytest.mark.parametrize("options", [{"indent": "2"}, {"whole": 1}, {"sort": True}])
def test_options_are_checked_strictly(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Spelling(**options)
