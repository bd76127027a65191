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


MEASURED = PAGE.parents[1] / "conformance" / "templates.json"


def test_the_figures_are_those_that_were_measured() -> None:
    found = json.loads(MEASURED.read_text("utf-8"))
    kinds = found["kinds"]
    imported = [kinds["free"], kinds["plain"], kinds["conditional"]]
    assert found["imported"] == sum(imported)
    assert found["plain chat"] == found["imported"] + kinds["refused"] + kinds.get("wrong", 0)
    assert found["distinct"] == found["plain chat"] + kinds["no plain chat"]
    assert len(found["templates"]) == found["distinct"]
    text = " ".join(TEXT.split())
    share = f"{100 * found['imported'] / found['plain chat']:.1f}"
    for said in (
        f"over {found['distinct']} distinct templates",
        f"Of the {found['plain chat']} that write plain chat",
        f"{found['imported']} are imported ({share} %): {imported[0]} without a condition",
        f"{imported[1]} where only tools, calls and reasoning are left out, and {imported[2]} with",
        f"{kinds['refused']} are refused",
        f"{kinds.get('wrong', 0)} are wrong",
    ):
        assert said in text


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
