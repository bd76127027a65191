"""`--turns each`, in every command that takes conversations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    Run: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]

TOK = chatfmt.get_tokenizer("gpt-oss")
VALUES = {"date": "2026-11-28"}
PREPARE = ("--prepare", "--value", "date=2026-11-28")
CHAT = [
    {"role": "user", "content": "a"},
    {"role": "assistant", "content": "b", "reasoning": "c"},
    {"role": "user", "content": "d"},
    {"role": "assistant", "content": "e", "reasoning": "f"},
]
SEEN = TOK.turns(CHAT, prepare=True, values=VALUES)
HISTORIES = [TOK.prepare(CHAT[:stop], values=VALUES) for stop in (1, 3)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run `main` on one conversation: exit code, lines."""
    file = tmp_path / "f.json"

    def run(*argv: str, chat: list[dict[str, Any]] = CHAT) -> tuple[int, list[str], list[str]]:
        file.write_text(json.dumps(chat), "utf-8")
        command, *options = argv
        code = main([command, "--format", "gpt-oss", "--turns", "each", *options, str(file)])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.replace(f"{file}:1: ", "").splitlines()

    return run


def test_each_turn_is_a_conversation(run: Run) -> None:
    ids = [TOK.encode(one) for one in SEEN]
    assert len(ids) == 2
    assert run("encode", *PREPARE) == (0, [str(one) for one in ids], [])
    assert run("count", *PREPARE) == (0, [str(len(one)) for one in ids], [])
    assert run("text", *PREPARE) == (0, [json.dumps(TOK.text(one)) for one in SEEN], [])
    assert run("check", *PREPARE) == (0, [], [])
    code, out, _ = run("stats", "--json", *PREPARE)
    found = json.loads(out[0])
    assert (code, found["rows"], found["conversations"]) == (0, 1, 2)
    assert found["tokens"] == sum(map(len, ids))
    assert found["trained_tokens"] == sum(
        sum(weight > 0 for weight in TOK.render(one).weights()) for one in SEEN
    )
    code, out, _ = run("show", "--weights", *PREPARE)
    assert code == 0
    assert sum(line.endswith("(reasoning)") for line in out) == 1  # dropped before the second turn


def test_without_prepare_a_turn_is_what_is_there(run: Run) -> None:
    said = {"role": "assistant", "channel": "final", "content": "b"}
    plain = [CHAT[0], said, CHAT[2], said]
    ids = [TOK.encode(plain[:stop]) for stop in (2, 4)]
    assert run("encode", chat=plain) == (0, [str(one) for one in ids], [])


def test_there_is_a_prompt_before_each_answer(run: Run) -> None:
    ids = [TOK.encode_prompt(one) for one in HISTORIES]
    assert run("prompt", *PREPARE) == (0, [str(one) for one in ids], [])
    texts = [json.dumps(TOK.text(one, prompt=True)) for one in HISTORIES]
    assert run("text", "--prompt", *PREPARE) == (0, texts, [])
    asked = CHAT[:3]  # its last turn is not answered
    assert run("prompt", *PREPARE, chat=asked) == (0, [str(one) for one in ids], [])
    assert run("prompt", chat=[]) == (0, [], [])


@pytest.mark.parametrize("command", ["encode", "count", "text", "check", "show", "stats"])
def test_a_conversation_without_an_answer_is_reported(command: str, run: Run) -> None:
    code, _, err = run(command, *PREPARE, chat=CHAT[:1])
    assert code == 1
    assert err == ["--turns each: expected an answer of the assistant, found none"]


def test_an_html_page_shows_one_turn(run: Run, tmp_path: Path) -> None:
    code, _, err = run("show", "--html", str(tmp_path / "page.html"), *PREPARE)
    assert code == 1
    assert err == ["expected one conversation for --html, found more"]
    page = str(tmp_path / "page.html")
    assert run("show", "--html", page, *PREPARE, chat=CHAT[:2])[:2] == (0, [])
