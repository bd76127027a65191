"""Vocabulary files from the command line: each kind that `load_encoding` reads."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt.cli import main
from pretrained.model_folder import folder
from tekken_file import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Run: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `main` in an empty directory, on the file ``f`` with this JSON: exit code, lines."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, value: object = HELLO) -> tuple[int, list[str], list[str]]:
        Path("f").write_text(json.dumps(value), "utf-8")
        code = main([*argv, "f"])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


def _rank_file(path: str) -> None:
    ranks = (b"%s %d\n" % (b64encode(bytes([byte])), byte) for byte in range(256))
    Path(path).write_bytes(b"".join(ranks))


SPECIAL = ("--special-token", "<|im_start|>=300", "--special-token", "<|im_end|>=301")


@pytest.mark.parametrize("pattern", ["LLAMA_3", r"\s|\S"])
def test_a_rank_file_is_an_encoding(pattern: str, run: Run) -> None:
    _rank_file("mine.tiktoken")
    options = ("--format", "chatml", "--encoding-file", "mine.tiktoken", "--pattern", pattern)
    code, out, _ = run("encode", *options, *SPECIAL)
    assert (code, json.loads(out[0])) == (0, [300, *b"user\nhello", 301, *b"\n"])
    _, decoded, _ = run("decode", *options, *SPECIAL, value=json.loads(out[0]))
    assert json.loads(decoded[0]) == {"messages": HELLO}


def test_the_folder_of_a_model_is_an_encoding(run: Run) -> None:
    Path("model").mkdir()
    _rank_file("model/tokenizer.model")
    options = ("--format", "chatml", "--encoding-file", "model", "--pattern", "LLAMA_3", *SPECIAL)
    assert run("check", *options) == (0, [], [])


def test_a_tekken_json_is_an_encoding(run: Run) -> None:
    Path("tekken.json").write_text(json.dumps(document()), "utf-8")
    row = {
        "name": "mine",
        "template": "<s>{role}: {content}</s>",
        "special_tokens": ["<s>", "</s>"],
        "roles": ["user"],
    }
    Path("row.json").write_text(json.dumps(row), "utf-8")
    options = ("--format-file", "row.json", "--encoding-file", "tekken.json")
    assert run("check", *options) == (0, [], [])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "mine.tiktoken: a rank file does not say how text is split: give the pattern"),
        (("--pattern", "("), "mine.tiktoken: the split pattern '(' cannot be read"),
        (("--special-token", "<s>"), "expected --special-token SPELLING=ID, found '<s>'"),
        (("--special-token", "=1"), "expected --special-token SPELLING=ID, found '=1'"),
        (("--special-token", "a=" + "1" * 9999), "expected --special-token SPELLING=ID, found "),
        (("--special-token", "a=1", "--special-token", "a=2"), "found 'a' twice"),
        (("--pattern", ".", "--special-token", "a=300"), "a is an ordinary token of mine already"),
    ],
)
def test_a_bad_rank_file_is_exit_code_2(options: tuple[str, ...], reason: str, run: Run) -> None:
    _rank_file("mine.tiktoken")
    code, _, (error,) = run("encode", "--encoding-file", "mine.tiktoken", *options)
    assert code == 2
    assert reason in error
    assert len(error) < 300


def test_a_pattern_without_a_rank_file_is_refused(run: Run) -> None:
    for option in (("--pattern", "."), ("--special-token", "a=1")):
        code, _, (error,) = run("encode", *option)
        assert code == 2
        assert "expected --encoding-file with --pattern or --special-token" in error


def test_a_folder_is_format_and_encoding(run: Run) -> None:
    pytest.importorskip("jinja2", reason="the extra jinja is not installed")
    folder(Path("model"))
    code, out, _ = run("encode", "--model", "model")
    tok = chatfmt.from_pretrained("model")
    assert (code, json.loads(out[0])) == (0, tok.encode(HELLO))
    assert run("check", "--model", "model") == (0, [], [])
    code, _, err = run("encode", "--model", "model", "--encoding-file", "x")
    assert code == 2
    assert "--encoding-file: the model's folder has the vocabulary" in err[0]
    code, _, err = run("encode", "--model", "model", *SPECIAL)
    assert "--model without --special-token" in err[0]
    folder(Path("model"), template=None)
    code, _, err = run("encode", "--model", "model")
    assert code == 2
    assert "expected a chat template" in err[0]
