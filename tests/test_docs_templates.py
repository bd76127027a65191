"""docs/templates.md is true: its code runs and prints what it says, and it names every word."""

from __future__ import annotations

import doctest
import inspect
import json
import re
import shlex
from pathlib import Path

import pytest

from chatfmt.cli import main
from chatfmt.prepare.words import WORDS

PAGE = Path(__file__).parents[1] / "docs" / "templates.md"
TEXT = PAGE.read_text("utf-8")


def test_the_code_runs_and_prints_what_it_says() -> None:
    output: list[str] = []
    results = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(TEXT, {}, PAGE.name, str(PAGE), 0), out=output.append
    )
    assert results.failed == 0, "".join(output)
    shown = TEXT.count("\n>>> ") - TEXT.count("+SKIP")
    assert results.attempted == shown > 10


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


def test_its_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    chat = {"messages": [{"role": role, "content": "hi"} for role in ("user", "assistant")]}
    for name in ("chat.json", "chats.jsonl"):
        Path(name).write_text(json.dumps(chat), "utf-8")
    Path("tools.json").write_text(json.dumps([{"name": "f"}]), "utf-8")
    commands = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for line in "".join(commands).splitlines():
        assert main(shlex.split(line)[1:]) == 0
        assert capsys.readouterr().err == ""
    assert json.loads(Path("corpus/summary.json").read_text("utf-8"))["examples"] == 1
