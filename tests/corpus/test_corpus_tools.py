"""Tool definitions in the rows of a corpus: written, dropped, or the run is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.adapters import Mixture
from chatfmt.cli import main
from chatfmt.corpus import EncodeOptions, PrepareOptions, encode_records, plan, tokenize
from chatfmt.corpus.arrow import pq
from chatfmt.corpus.raw import batches
from chatfmt.corpus.sources import raw_rows
from chatfmt.errors import DataError
from chatfmt.line.format import ChatFormat

if TYPE_CHECKING:
    from pathlib import Path

TOOL = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object"}}}
ROW = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
SPEAKING: dict[str, Any] = {
    "name": "x",
    "template": {
        "system": "<|im_start|>system\n{content}<|im_end|>",
        "user": "<|im_start|>user\n{content}<|im_end|>",
        "assistant": "<|im_start|>assistant\n{^}[<think>{reasoning}</think>]{content}<|im_end|>",
    },
    "special_tokens": ["<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    "prepare": [
        {"word": "tools", "into": "system", "field": "content"}
    ],
}  # fmt: skip


def _mixture(folder: Path, *rows: dict[str, Any], **options: Any) -> Mixture:
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = {"name": "a", "paths": ["a.jsonl"], "options": options}
    return Mixture.model_validate({"source": [source], "folder": folder})


def _tokenizer() -> chatfmt.ChatTokenizer:
    base = chatfmt.get_encoding("cl100k_im")
    return chatfmt.ChatTokenizer(
        ChatFormat(**SPEAKING), chatfmt.extend_encoding(base, "x", ["<think>", "</think>"])
    )


def _tokenize(mixture: Mixture, out: Path, tok: Any = None, *, prepare: bool = False) -> Any:
    options = EncodeOptions(
        tokenizer=tok or chatfmt.get_tokenizer("gpt-4o"),
        sources=mixture.sources,
        prepare=PrepareOptions() if prepare else None,
    )
    return tokenize(mixture, out, options, workers=1)


@pytest.mark.parametrize("tools", [{"tools": [TOOL]}, {"functions": json.dumps([TOOL])}])
def test_a_run_is_refused_before_it_writes(tmp_path: Path, tools: dict[str, Any]) -> None:
    mixture = _mixture(tmp_path, ROW, {**ROW, **tools})
    with pytest.raises(DataError, match=r"a.jsonl:2: expected definitions .*--tools drop"):
        _tokenize(mixture, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert _tokenize(_mixture(tmp_path, ROW, {**ROW, **tools}, tools="drop"), tmp_path / "o")


def test_tools_that_a_preparation_writes_are_written(tmp_path: Path) -> None:
    mixture = _mixture(tmp_path, {**ROW, "tools": [TOOL]})
    summary = _tokenize(mixture, tmp_path / "out", _tokenizer(), prepare=True)
    assert summary.rejected == 0
    [path] = (tmp_path / "out").glob("*.parquet")
    [ids] = pq.read_table(path)["input_ids"].to_pylist()
    assert "tide" in _tokenizer().decode(ids).messages[0].content
    with pytest.raises(DataError, match="expected a preparation that writes the tools"):
        _tokenize(_mixture(tmp_path, ROW, tools="use"), tmp_path / "o", _tokenizer())


def test_a_row_far_on_is_refused_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_LOOKED_AT", 1)
    summary = _tokenize(_mixture(tmp_path, ROW, {**ROW, "tools": [TOOL]}), tmp_path / "out")
    assert (summary.examples, summary.rejected) == (1, 1)


def test_thinking_in_the_text_is_refused_where_the_format_has_a_field(tmp_path: Path) -> None:
    said = {"role": "assistant", "content": "<think>2 and 2</think>4"}
    row = {"messages": [ROW["messages"][0], said]}
    for policy, count in ((None, 0), ("keep", 1), ("read", 1)):
        how = {} if policy is None else {"inline_thinking": policy}
        mixture = _mixture(tmp_path, row, **how)
        options = plan.suited(EncodeOptions(tokenizer=_tokenizer(), sources=mixture.sources))
        [batch] = batches(raw_rows(mixture))
        examples, rejects = encode_records(batch, options)
        assert (examples.num_rows, rejects.num_rows) == (count, 1 - count)
    # gpt-4o has no such field, so it is text like any other.
    mixture = _mixture(tmp_path, row)
    assert _tokenize(mixture, tmp_path / "out").examples == 1


def test_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _mixture(tmp_path, {**ROW, "tools": [TOOL]})
    (tmp_path / "m.toml").write_text('source = [{name = "a", paths = ["a.jsonl"]}]')
    assert main(["tokenize", "a.jsonl", "-o", "x"]) == 2
    assert "a.jsonl:1: expected definitions of tools that are written" in capsys.readouterr().err
    for number, source in enumerate(("a.jsonl", "m.toml")):
        how = ["--tools", "drop", "--role", "user=system", "--workers", "1"]
        assert main(["tokenize", source, "-o", f"y{number}", *how]) == 0
        [path] = (tmp_path / f"y{number}").glob("*.parquet")
        [ids] = pq.read_table(path)["input_ids"].to_pylist()
        roles = [m.role for m in chatfmt.get_tokenizer("gpt-4o").decode(ids).messages]
        assert roles == ["system", "assistant"]
    for odd in (["--role", "user"], ["--role", "=a"], ["--role", "a=b", "--role", "a=c"]):
        assert main(["tokenize", "a.jsonl", "-o", "z", *odd]) == 2
        assert "expected --role ROLE=NAME" in capsys.readouterr().err
