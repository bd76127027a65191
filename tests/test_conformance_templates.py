"""A run over public templates that was stopped continues where it was."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from vectors import CONFORMANCE

pytest.importorskip("jinja2", reason="templates need it")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHAT = (
    "{% for m in messages %}<|im|>{{ m.role }}: {{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im|>assistant: {% endif %}"
)
NO_CHAT = "{% for message in messages %}content{% endfor %}"


@pytest.fixture(scope="module")
def run() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(CONFORMANCE)])
        yield importlib.import_module("templates")


def test_what_is_done_is_not_done_again(run: Any, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    published = importlib.import_module("public_templates").Published
    given = [published("a.whl:chat", CHAT), published("b.whl:none", NO_CHAT)]
    made = list(run.outcomes(given, state))
    assert [one["kind"] for one in made] == ["plain", "no plain chat"]
    first, second = state.read_text("utf-8").splitlines()
    marked = {**json.loads(first), "reason": "it was not done again"}
    state.write_text(json.dumps(marked) + "\n" + second[:10], "utf-8")  # stopped as it wrote
    again = list(run.outcomes(given, state))
    assert again == [marked, made[1]]
    assert [*map(json.loads, state.read_text("utf-8").splitlines())] == again


def test_the_table_and_its_text(run: Any) -> None:
    made: list[dict[str, Any]] = [
        {"where": "a.whl:x", "kind": "plain", "conditions": ["NO_CALLS"]},
        {"where": "a.whl:y", "kind": "refused", "reason": "DATED: the day"},
        {"where": "b.whl:z", "kind": "no plain chat"},
    ]
    table = run.summary(made)
    assert (table["distinct"], table["plain chat"], table["imported"]) == (3, 2, 1)
    assert (table["reasons"], table["packages"]) == ({"DATED": 1}, {"a.whl": 2, "b.whl": 1})
    found = json.loads(run.as_text(table, made))
    assert found.items() >= table.items()
    assert found["templates"] == [[one["where"], one["kind"]] for one in made]
