"""docs/tutorial.md is true, from the first line to the last; what needs torch is a slow test."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heavy import heavy
from pages import Block, blocks, run_line

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCKS = blocks(PAGE.read_text("utf-8"))


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in BLOCKS:
        if block.language == "json":
            Path(block.name).write_text(block.text, encoding="utf-8")


def _follow(run: Sequence[Block]) -> None:
    """Do what the blocks say, one after another."""
    known: dict[str, Any] = {}
    for block in run:
        if block.language == "console":
            for line, seen in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
                assert run_line(line) == seen
        else:
            output: list[str] = []
            example = doctest.DocTestParser().get_doctest(block.text, known, PAGE.name, None, 0)
            runner = doctest.DocTestRunner()
            results = runner.run(example, out=output.append, clear_globs=False)
            assert results.failed == 0 < results.attempted, "".join(output)
            known = example.globs


def _runs(block: Block) -> bool:
    return block.language in {"console", "python"}


def test_it_runs_as_far_as_no_torch_is_needed() -> None:
    run = [block for block in BLOCKS if _runs(block) and block.name != "torch"]
    assert len(run) == 6
    _follow(run)


@pytest.mark.slow
def test_it_runs_to_the_end() -> None:
    heavy("torch")
    run = [block for block in BLOCKS if _runs(block)]
    assert len(run) == 9
    _follow(run)


def test_there_is_nothing_that_is_not_run() -> None:
    assert [b.language for b in BLOCKS if not _runs(b) and b.language != "json"] == ["sh"]
