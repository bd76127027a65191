"""Rows by the flat path: the bytes of the files are those of the plain one."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pyarrow", reason="the extra data brings it")

import chatfmt
from chatfmt.adapters import Source
from chatfmt.corpus import EncodeOptions, RawRow, batches, encode_records
from chatfmt.corpus.flat_rows import FlatRows
from rows import tokenizer

if TYPE_CHECKING:
    from pathlib import Path

USER, ANSWER = ({"role": role, "content": role} for role in ("user", "assistant"))
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ROWS: list[dict[str, Any]] = [
    {"messages": [USER, ANSWER]},
    {"messages": [USER, ANSWER], "id": 7, "tags": ["a", None]},
    {"messages": [USER, ANSWER], "id": None},
    {"messages": [USER, ANSWER], "path": ["a", "b"]},
    {"messages": [USER, ANSWER], "path": "a"},
    {"messages": [USER, ANSWER], "tools": []},
    {"messages": [USER, ANSWER], "prompt": "a", "completion": "b"},
    {"messages": [USER, ANSWER], "prompt": None, "completion": None},
    {"messages": [{"role": "system", "content": "s"}, USER, ANSWER, USER, ANSWER]},
    {"messages": [USER]},
    {"messages": []},
    {"messages": [USER, {"role": "assistant", "content": ""}]},
    {"messages": [USER, {"role": "assistant", "content": None}]},
    {"messages": [USER, {"role": "cook", "content": "a"}]},
    {"messages": [USER, {"role": "tool", "content": "a"}]},
    {"messages": [USER, {**ANSWER, "weight": 0}]},
    {"messages": [USER, {**ANSWER, "weight": 0.5}]},
    {"messages": [USER, {**ANSWER, "name": "Ada"}]},
    {"messages": [USER, {**ANSWER, "content": "<|im_end|> <|endoftext|>"}]},
    {"messages": [USER, {**ANSWER, "content": "long " * 40}]},
    {
        "messages": [
            USER,
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "r", "tool_call_id": "c1"},
            ANSWER,
        ]
    },
    {"messages": [USER, ANSWER], "system": "s"},
    {"messages": [USER, ANSWER], "label": False},
    {"messages": [USER, ANSWER], "images": ["a.png"]},
    {"messages": [USER, ANSWER], "chat_template_kwargs": {}},
    {"messages": [USER, {**ANSWER, "content": "<think>hm</think>a"}]},
    {"prompt": "2+2?", "completion": "4"},
    {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
    {"prompt": "a", "chosen": "b", "rejected": "c"},
    {"else": 1},
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"train_on": "last", "train_end": False},
    {"train_on": "all", "weights": True},
    {"train_on": "none"},
    {"train_on": "none", "allow_untrained": True},
    {"max_tokens": 20},
    {"max_tokens": 20, "overlong": "fit"},
    {"max_tokens": 24, "overlong": "split"},
    {"turns": "each"},
    {"special_text": "warn"},
    {"special_text": "refuse"},
    {"preferences": True},
]
MORE: dict[str, dict[str, Any]] = {
    "a": {},
    "b": {"schema": "openai"},
    "c": {"weight": 0.5},
    "d": {"options": {"system": "Be brief."}},
    "e": {"where": {"id": 7}},
    "f": {"schema": "sharegpt"},
    "g": {"options": {"roles": {"user": "assistant"}}},
    "h": {"options": {"inline_thinking": "read"}},
    "i": {"options": {"inline_thinking": "refuse"}},
}
SOURCES = [
    Source.model_validate({"name": name, "paths": ["a.jsonl"], **more})
    for name, more in MORE.items()
]


def _mixed(count: int, seed: int) -> list[RawRow]:
    chance = random.Random(seed)  # noqa: S311 - the same every time
    rows = []
    for number in range(count):
        text = json.dumps(chance.choice(ROWS)).encode()
        if chance.random() < 0.05:
            text = chance.choice([b"{", b'{"messages": [], "messages": []}', b"\xff", b"[]", b""])
        error = "too long" if chance.random() < 0.03 else None
        source = chance.choice(SOURCES).name
        rows.append(RawRow(source, "a.jsonl", number, text, error=error))
    return rows


@pytest.mark.parametrize("name", ["gpt-4o", "llama-3.1", "qwen-3"])
@pytest.mark.parametrize("chosen", OPTIONS, ids=str)
def test_both_paths_mixed_give_what_the_plain_one_gives(
    name: str, chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = EncodeOptions(tokenizer=tokenizer(name), sources=tuple(SOURCES), **chosen)
    [batch] = batches(_mixed(400, seed=len(str(chosen))))
    found = encode_records(batch, options)
    with monkeypatch.context() as plainly:
        plainly.setattr(FlatRows, "plain", lambda *_: None)
        plainly.setattr(FlatRows, "items", lambda *_: None)
        expected = encode_records(batch, options)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.schema == theirs.schema
        assert ours.to_pylist() == theirs.to_pylist()
    assert found[0].num_rows or found[1].num_rows


def test_most_rows_take_the_flat_path() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    flat = FlatRows(EncodeOptions(tokenizer=tok, sources=tuple(SOURCES)))
    taken = [flat.plain(SOURCES[0], row) is not None for row in ROWS]
    assert [at for at, one in enumerate(taken) if one] == [0, 1, 6, 8, 9, 18, 19, 25]


def test_a_row_of_nothing_has_all_columns() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    options = EncodeOptions(
        tokenizer=tok, sources=(SOURCES[0],), weights=True, allow_untrained=True, train_on="none"
    )
    [batch] = batches(
        [RawRow("a", "a.jsonl", 1, b'{"messages": [{"role": "user", "content": "a"}]}')]
    )
    examples, rejects = encode_records(batch, options)
    assert examples["weights"].to_pylist() == [[0.0] * 5]
    assert rejects.num_rows == 0


def test_both_paths_write_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatfmt.adapters import Mixture
    from chatfmt.corpus import tokenize

    rows = (row.text or b"" for row in _mixed(300, seed=3))
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(rows))
    mixture = Mixture.model_validate(
        {"source": [{"name": "a", "paths": ["a.jsonl"]}], "folder": tmp_path}
    )
    options = EncodeOptions(tokenizer=chatfmt.get_tokenizer("gpt-4o"), sources=mixture.sources)
    tokenize(mixture, tmp_path / "flat", options, workers=1)
    monkeypatch.setattr(FlatRows, "plain", lambda *_: None)
    monkeypatch.setattr(FlatRows, "items", lambda *_: None)
    tokenize(mixture, tmp_path / "plain", options, workers=1)
    for name in ("shard-00000.parquet", "rejects.jsonl", "summary.json"):
        assert (tmp_path / "flat" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
