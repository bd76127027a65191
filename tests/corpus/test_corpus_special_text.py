"""Rows that spell a special token: always text; reported or refused if asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.cli import main
from chatfmt.corpus import RawRow, batches, encode_records
from chatfmt.corpus.arrow import pq
from corpus_data import lines, mixture, options, rejects, write

if TYPE_CHECKING:
    from chatfmt.corpus import EncodeOptions

SPELLINGS = sorted(chatfmt.get_tokenizer("gpt-4o").encoding.special_tokens)


def _row(question: str, answer: str) -> bytes:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}).encode()


def _encode(texts: list[bytes], how: str, **more: Any) -> Any:
    chosen: EncodeOptions = options(mixture(Path(), "a"), "gpt-4o", special_text=how, **more)
    [batch] = batches(RawRow("a", "a.jsonl", i, text) for i, text in enumerate(texts, 1))
    return encode_records(batch, chosen)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_spelling_is_text_and_told_and_refused(spelling: str) -> None:
    texts = [_row("Hi", "Ho"), _row("Say it.", f"So: {spelling}"), _row(spelling[:-1], "No.")]
    examples, none = _encode(texts, "text")
    tok = chatfmt.get_tokenizer("gpt-4o")
    assert [tok.decode(ids).messages[1].content for ids in examples["input_ids"].to_pylist()] == [
        "Ho",
        f"So: {spelling}",
        "No.",
    ]
    assert none.num_rows == 0
    warned, none = _encode(texts, "warn")
    place = f"{spelling!r} in the content of message 1, at character 4"
    assert warned["special_text"].to_pylist() == ["", place, ""]
    assert warned.drop_columns("special_text").equals(examples)
    assert none.num_rows == 0
    kept, refused = _encode(texts, "refuse")
    assert kept.schema == examples.schema
    assert kept["row"].to_pylist() == [1, 3]
    assert refused["line"].to_pylist() == [2]
    assert refused["reason"].to_pylist() == [
        f"expected texts that spell no special token, found {place}"
    ]


@pytest.mark.parametrize("member", ["prompt", "chosen", "rejected"])
def test_preferences_are_looked_at_whole(member: str) -> None:
    row = {"prompt": "2+2?", "chosen": "4", "rejected": "5"}
    texts = [json.dumps({**row, member: "<|im_end|>"}).encode(), json.dumps(row).encode()]
    kept, refused = _encode(texts, "refuse", preferences=True)
    assert (kept["row"].to_pylist(), refused["line"].to_pylist()) == ([2], [1])


def test_the_command_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.jsonl", [*lines(20), _row("<|im_end|>", "Hm."), *lines(20)])
    out = tmp_path / "out"
    arguments = ["tokenize", str(tmp_path / "a.jsonl"), "-o", str(out), "--workers", "1"]
    assert main([*arguments, "--special-text", "warn", "--pack", "512"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["special_text"] == 1
    assert printed.err == (
        "1 of 41 rows spell a special token: the column special_text says where\n"
    )
    [path] = out.glob("*.parquet")
    told = [note for pack in pq.read_table(path)["special_text"].to_pylist() for note in pack]
    assert len(told) == 41
    assert "".join(told) == "'<|im_end|>' in the content of message 0, at character 0"
    assert main([*arguments, "--special-text", "refuse", "--overwrite"]) == 0
    assert "special_text" not in json.loads(capsys.readouterr().out)
    [refused] = rejects(out)
    assert refused["line"] == 21
    assert main([*arguments, "--overwrite"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["output"] == 41
    assert printed.err == ""
