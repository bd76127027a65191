"""Faults of a template that a row lists and does not copy."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import FORMAT_ROWS, ChatFormat, FormatError, get_format
from chatfmt.line.faults import FAULT_KINDS

TINY: dict[str, Any] = {
    "name": "tiny",
    "template": "<|start|>{role}\n{^}{content}<|end|>",
    "special_tokens": ["<|start|>", "<|end|>"],
    "roles": ["user", "assistant"],
}


def test_a_row_keeps_what_it_says_of_its_template() -> None:
    faults = {"end": "it leaves out the end"}
    made = ChatFormat(**TINY, faults=faults)
    faults["prompt"] = "later"
    assert made.row()["faults"] == {"end": "it leaves out the end"}
    assert ChatFormat(**made.row()) == made != ChatFormat(**TINY)
    assert ChatFormat(**TINY).faults == {}


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"typo": "x"}, "format tiny: faults has the kind 'typo'; there are start, calls, "),
        ({"end": 1}, "format tiny: faults must be a mapping of strings to strings, found "),
        (["end"], "format tiny: faults must be a mapping of strings to strings, found "),
    ],
)
def test_what_is_no_fault(faults: Any, said: str) -> None:
    with pytest.raises(FormatError) as caught:
        ChatFormat(**TINY, faults=faults)
    assert str(caught.value).startswith(said)


def test_each_kind_is_one_that_a_template_has() -> None:
    named = {kind for name in FORMAT_ROWS for kind in get_format(name).faults}
    assert named == FAULT_KINDS.keys()
