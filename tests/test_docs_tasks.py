"""docs/tasks.md is true: each task, typed as on the page, gives what the page says."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path

import pytest

from pages import blocks, run_line
from tasks_files import lay_out

PAGE = Path(__file__).parents[1] / "docs" / "tasks.md"
TEXT = PAGE.read_text("utf-8")
TASKS = dict(re.findall(r"^### \d+\. (.*)\n((?:(?!###? ).*\n)*)", TEXT, re.MULTILINE))
FILES = [(block.name, block.text) for block in blocks(TEXT) if block.name]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("question", TASKS)
def test_what_one_types_gives_what_one_sees(question: str) -> None:
    sys.modules.pop("trained", None)  # a module of the page, in a folder of each test
    run = [block for block in blocks(TASKS[question]) if not block.name]
    assert run
    for block in run:
        if block.language == "console":
            _console(block.text)
        else:
            assert block.language == "python"
            _python(block.text)


def _console(text: str) -> None:
    for line, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        # How large a file is depends on the library that writes it.
        printed, said = (re.sub(r'"bytes": \d+', "", one) for one in (run_line(line), expected))
        assert printed == said


def _python(text: str) -> None:
    example = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    assert example.examples
    output: list[str] = []
    assert doctest.DocTestRunner().run(example, out=output.append).failed == 0, "".join(output)


def test_there_are_thirty() -> None:
    assert [int(n) for n in re.findall(r"^### (\d+)\.", TEXT, re.MULTILINE)] == [*range(1, 31)]
    assert len(TASKS) == 30
    assert sum(len(blocks(text)) for text in TASKS.values()) <= len(blocks(TEXT))


def test_a_wrong_answer_is_noticed() -> None:
    with pytest.raises(AssertionError):
        _console("$ chatfmt count lecture.json\n50\n")
    with pytest.raises(AssertionError):
        _python(">>> 1 + 1\n3\n")
