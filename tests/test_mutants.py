"""The sample of mutants: each is one change, and the tests of its module decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mutants

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
def bigger(a: int, b: int = 1) -> bool:
    return not a <= b


def unused(a: int) -> int:
    return a + 7
"""
TEST = """\
from x import bigger


def test_it() -> None:
    assert bigger(2)
    assert not bigger(1)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {
        "src/chatfmt/line/x.py": SOURCE,
        "tests/line/test_x.py": f"import sys\\nsys.path.insert(0, 'src/chatfmt/line')\\n{TEST}",
        "tests/test_vectors.py": "def test_nothing() -> None: ...\\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace("\\n", "\n"))
    return tmp_path


def test_each_mutant_is_one_change_and_each_is_drawn_once(tree: Path) -> None:
    drawn = mutants.sample(tree, 100, 1)
    assert len({one.source for one in drawn}) == len(drawn) == 7
    assert all([line[0] for line in one.change.splitlines()] == ["-", "+"] for one in drawn)
    assert drawn == mutants.sample(tree, 100, 1)
    assert [one.path.as_posix() for one in mutants.sample(tree, 1, 2)] == ["src/chatfmt/line/x.py"]


@pytest.mark.slow
def test_what_a_test_notices_is_killed(tree: Path) -> None:
    drawn = mutants.sample(tree, 100, 1)
    assert mutants.pass_unchanged(drawn, tree)
    found = {one.change.splitlines()[-1]: mutants.outcome(one, tree, 60) for one in drawn}
    assert found["+    return not a < b"] == "killed"
    assert found["+    return a - 7"] == "survived"
    assert (tree / "src/chatfmt/line/x.py").read_text() == SOURCE
