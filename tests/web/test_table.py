"""The formats and vocabularies to choose from, with and without custom ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

import chatfmt
from chatfmt.encodings import TiktokenEncoding
from chatfmt.web.api import Refusal, calls, formats
from chatfmt.web.table import Table

MESSAGES = [{"role": "user", "content": "hi"}]
ROW = {
    "name": "mine",
    "template": "<turn>{role}\n{content}</turn>",
    "special_tokens": ["<turn>", "</turn>"],
    "roles": ["user", "assistant"],
}
SPECIAL = ROW["special_tokens"]


def own() -> Table:
    base = chatfmt.get_encoding("cl100k_im")
    extended = TiktokenEncoding(chatfmt.extend_encoding(base, "own", SPECIAL))
    return Table(chatfmt.ChatFormat.from_row(ROW), extended, path="/models/mine/tokenizer.json")


def shown(table: Table, **request: Any) -> dict[str, Any]:
    return calls(table)["show"](json.dumps({"messages": MESSAGES, **request}).encode())


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-oss", "qwen-3", "deepseek-v3.1", "gemma-3"])
def test_a_count_says_whether_its_vocabulary_is_the_formats_own(name: str) -> None:
    answer = shown(Table(), format=name)
    bundled = chatfmt.get_format(name).encoding
    assert answer["borrowed"] == (bundled is None)
    assert answer["encoding"] == (bundled or "o200k_im")
    assert shown(Table(), format=name, encoding="cl100k_im")["borrowed"]


def test_a_format_and_a_vocabulary_of_ones_own_come_first() -> None:
    table = own()
    assert table.names[0] == "mine"
    assert table.encodings[0] == "mine/tokenizer.json"
    answer = shown(table, format="mine")
    assert not answer["borrowed"]
    assert answer["created"] == {}
    assert answer["encoding"] == "mine/tokenizer.json"
    assert "chatfmt.load_encoding('/models/mine/tokenizer.json')" in answer["python"]
    assert "chatfmt.ChatFormat(**" in answer["python"]
    # A format with other special tokens only borrows it.
    other = shown(table, format="gpt-4o", encoding="mine/tokenizer.json")
    assert other["borrowed"]
    assert not shown(table, format="gpt-4o")["borrowed"]
    assert shown(table, format="mine", encoding="o200k_im")["borrowed"]


def test_an_unknown_vocabulary_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refusal, match="expected one of mine/tokenizer"):
        shown(own(), format="mine", encoding="gpt2")


def test_an_ordinary_token_is_not_made_special_in_any_kind_of_encoding() -> None:
    class Plain:
        """An encoding that is not tiktoken's."""

        def __init__(self) -> None:
            known = TiktokenEncoding(chatfmt.get_encoding("cl100k_im"))
            self.special_tokens, self.n_vocab = known.special_tokens, known.n_vocab
            self.fingerprint, self.token_bytes = known.fingerprint, known.token_bytes
            self.encode_ordinary = known.encode_ordinary

    table = Table(None, Plain(), path="vocab")
    assert table.encodings[0] == "vocab"
    assert shown(table, format={**ROW, "name": "x"}, encoding="vocab")["created"]
    row = {**ROW, "template": "the{role}\n{content}</turn>", "special_tokens": ["the", "</turn>"]}
    with pytest.raises(Refusal, match="the is already an ordinary token of vocab"):
        shown(table, format=row, encoding="vocab")


@pytest.mark.slow
def test_every_row_is_listed_and_can_be_shown() -> None:
    table = own()
    listed = formats(table)
    assert listed["first"] == "mine"
    assert [entry["name"] for entry in listed["formats"]] == ["mine", *chatfmt.FORMAT_ROWS]
    for entry in listed["formats"]:
        answer = shown(table, format=entry["name"], messages=[])
        assert answer["borrowed"] == (entry["encoding"] is None)
