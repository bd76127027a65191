"""Real conversations, from their files through the command to Parquet, and back from the ids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt.adapters import read_file
from chatfmt.cli import main
from chatfmt.conversation import Conversation
from chatfmt.corpus.arrow import pq
from chatfmt.encodings import get_encoding

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("format", "encoding"),
    [("gpt-4o", "o200k_im"), ("gpt-4", "cl100k_im"), ("gpt-3.5-turbo", "cl100k_im")],
)
def test_real_conversations_come_back(
    shared_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    format: str,
    encoding: str,
) -> None:
    files = sorted(map(str, shared_data.glob("*.json*")))
    out = tmp_path / "out"
    assert main(["tokenize", *files, "--format", format, "-o", str(out), "--workers", "1"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["rejected"] == 0
    columns = ["input_ids", "labels", "file", "path"]
    found = [
        row
        for path in sorted(out.glob("*.parquet"))
        for row in pq.read_table(path, columns=columns).to_pylist()
    ]
    expected = [
        (file, item) for file in files for reading in read_file(file) for item in reading.items
    ]
    assert len(found) == len(expected) == summary["examples"] > 2000
    tok, tiktoken = chatfmt.get_tokenizer(format), get_encoding(encoding)
    assert any(example["path"] for example in found)
    in_all = 0
    for example, (file, item) in zip(found, expected, strict=True):
        assert isinstance(item, Conversation)
        assert example["file"] == file
        assert example["path"] == item.metadata.get("path")
        assert example["path"] is None or "oasst" in file
        assert tok.decode(example["input_ids"]).messages == item.on_wire().messages
        # Counted with tiktoken alone: what each message has, and the token that ends it.
        trained = sum(
            len(tiktoken.encode_ordinary(message.content)) + 1
            for message in item.messages
            if message.role == "assistant" and message.weight != 0
        )
        labels = example["labels"]
        assert sum(label != -100 for label in labels) == trained
        pairs = zip(example["input_ids"], labels, strict=True)
        assert all(label in (-100, token) for token, label in pairs)
        in_all += trained
    assert summary["trained_tokens"] == in_all
    assert summary["tokens"] == sum(len(example["input_ids"]) for example in found)
