"""docs/training.md runs as written."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from chatfmt.cli import main
from chatfmt.training import Overlong, Turns

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[1] / "docs" / "training.md"
TEXT = PAGE.read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = _BLOCK.findall(TEXT)
    assert len(blocks) == TEXT.count("```") / 2
    for language, name, content in blocks:
        if language == "json":
            Path(name).write_text(content, encoding="utf-8")
    code = "\n".join(content for language, name, content in blocks if (language, name) == _RUNS)
    results = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(code, {}, "training.md", str(PAGE), 0)
    )
    assert results.failed == 0
    assert results.attempted >= 28

    [commands] = [content for language, _, content in blocks if language == "sh"]
    stats, convert = commands.splitlines()
    assert main(stats.split()[1:]) == 0
    Path("chats.json").write_text(
        '[{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"},'
        '{"from": "gpt", "value": ""}]}]',
        encoding="utf-8",
    )
    capsys.readouterr()
    assert main(convert.partition(" >")[0].split()[1:]) == 0
    assert '"Ho"' in capsys.readouterr().out


_RUNS = ("python", "")


def test_the_lines_for_torch_are_two_each() -> None:
    """torch itself is no dependency of the tests."""
    blocks = [content for _, name, content in _BLOCK.findall(TEXT) if name == "torch"]
    assert [len(ast.parse(block).body) for block in blocks] == [2, 2]


def test_the_page_has_every_way_to_train_and_to_cut() -> None:
    for value in (
        "assistant",
        "last",
        "sampled",
        "all",
        "none",
        *get_args(Overlong),
        *get_args(Turns),
    ):
        assert f'| `"{value}"` |' in TEXT
