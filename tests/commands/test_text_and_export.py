"""``chatfmt text`` and ``chatfmt export-hf``."""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CHAT = [{"role": "user", "content": 'say "h\u00e9"\n'}]
WRITTEN = '<|im_start|>user<|im_sep|>say "h\u00e9"\n<|im_end|>'
PROMPT = "<|im_start|>assistant<|im_sep|>"


@pytest.mark.parametrize(("options", "after"), [((), ""), (("--prompt",), PROMPT)])
def test_the_text_of_a_conversation(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    after: str,
) -> None:
    given = io.TextIOWrapper(io.BytesIO(json.dumps(CHAT).encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", given)
    assert main(["text", *options, "-"]) == 0
    assert json.loads(capsys.readouterr().out) == WRITTEN + after


def _vocabulary(directory: Path, words: list[dict[str, Any]]) -> list[str]:
    """Options for a row with this preparation, and a vocabulary of single bytes."""
    ranks, row = directory / "ranks.tiktoken", directory / "row.json"
    lines = {"user": "<s>u{content}<e>", "assistant": "<s>a{^}{content}<e>"}
    spec = {"template": lines, "special_tokens": ["<s>", "<e>"], "prepare": words}
    row.write_text(json.dumps(spec))
    data = (f"{base64.b64encode(bytes([byte])).decode()} {byte}\n" for byte in range(256))
    ranks.write_text("".join(data))
    options = ["--format-file", str(row), "--encoding-file", str(ranks), "--pattern", r"[\s\S]"]
    return [*options, "--special-token", "<s>=256", "--special-token", "<e>=257"]


def test_a_directory_for_transformers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="it checks what is written")
    command = ["export-hf", str(tmp_path / "out"), *_vocabulary(tmp_path, [])]
    assert main(command) == 0
    said = capsys.readouterr().out.splitlines()
    names = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
    for name, line in zip((*names, "generation_config.json"), said, strict=True):
        file = tmp_path / "out" / name
        assert line == f"{file}: {file.stat().st_size:,} bytes"
    assert main(command) == 2
    assert "expected an empty directory" in capsys.readouterr().err


def test_a_directory_whose_template_prepares(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="it checks what is written")
    options = _vocabulary(tmp_path, [{"word": "strip", "roles": ["user"]}])
    for name, more in (("plain", []), ("prepared", ["--prepare"])):
        assert main(["export-hf", str(tmp_path / name), *more, *options]) == 0
        template = (tmp_path / name / "chat_template.jinja").read_text("utf-8")
        assert (".strip()" in template) is bool(more)


def test_a_preparation_that_no_template_can_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = _vocabulary(tmp_path, [{"word": "calls", "ids": "{n}"}])
    assert main(["export-hf", str(tmp_path / "out"), "--prepare", *options]) == 2
    assert "the word calls of its preparation" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
