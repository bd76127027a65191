"""docs/templates.md is true: its code runs and prints what it says, and it names every word."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path

import pytest

from chatfmt.prepare.words import WORDS

PAGE = Path(__file__).parents[1] / "docs" / "templates.md"
TEXT = PAGE.read_text("utf-8")


def test_the_code_runs_and_prints_what_it_says() -> None:
    output: list[str] = []
    results = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(TEXT, {}, PAGE.name, str(PAGE), 0), out=output.append
    )
    assert results.failed == 0, "".join(output)
    assert results.attempted == TEXT.count("\n>>> ") > 10


def test_it_names_every_word() -> None:
    [table] = re.findall(r"\| word \|.*?\n\n", TEXT, re.DOTALL)
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == WORDS


def test_it_names_every_argument() -> None:
    base = pytest.importorskip("transformers").PreTrainedTokenizerBase
    [table] = re.findall(r"\| in transformers \|.*?\n\n", TEXT, re.DOTALL)
    first = "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))
    named = set(re.findall(r"`(\w+)(?:=\w+)?`", first))
    taken = set(inspect.signature(base.apply_chat_template).parameters) - {"self"}
    assert taken <= named
