"""Pairs of answers, and prompts alone, in the columns that trainers read."""

from __future__ import annotations

import json
from typing import Any

import pytest

import chatfmt
from chatfmt.adapters import Source, read_row
from chatfmt.corpus import EncodeOptions, PrepareOptions, RawRow, batches, encode_records
from chatfmt.errors import ChatfmtError
from rows import tokenizer

PAIR = {"prompt": "2+2?", "chosen": "4", "rejected": "It is five."}


def _encode(*rows: dict[str, Any], tok: Any = None, **how: Any) -> tuple[list[Any], list[str]]:
    source = Source.model_validate({"name": "a", "paths": ["a.jsonl"]})
    raw = [RawRow("a", "a.jsonl", n, json.dumps(row).encode()) for n, row in enumerate(rows, 1)]
    tok = tok or chatfmt.get_tokenizer("gpt-4o")
    options = EncodeOptions(tokenizer=tok, sources=(source,), **how)
    examples, rejects = encode_records(next(batches(raw)), options)
    return examples.to_pylist(), rejects["reason"].to_pylist()


@pytest.mark.parametrize("name", ["gpt-4o", "chatml", "gpt-3.5-turbo", "qwen-3", "llama-3"])
def test_a_pair_has_no_id_that_is_not_to_be_trained(name: str) -> None:
    tok = tokenizer(name)
    [pair] = read_row(PAIR)
    [apart], [] = _encode(PAIR, tok=tok, preferences=True)
    [whole], [] = _encode(PAIR, tok=tok, preferences="whole")
    assert "prompt_ids" not in whole
    for side in ("chosen", "rejected"):
        messages = (*pair.prompt.messages, *getattr(pair, side))  # type: ignore[union-attr]
        example = tok.encode_for_training(messages)
        trained = [i for i, weight in enumerate(example.weights) if weight]
        ids = apart["prompt_ids"] + apart[f"{side}_ids"]
        assert ids == whole[f"{side}_ids"] == example.input_ids[: trained[-1] + 1]
        # ChatML's line end behind the end token is none of it; the end token is.
        assert ids[-1] in tok.stop_tokens
        assert len(apart["prompt_ids"]) <= trained[0]


def test_an_answer_without_weight_is_kept_whole() -> None:
    bad = {"role": "assistant", "content": "a", "weight": 0}
    row: dict[str, Any] = {"chosen": [bad], "rejected": [{**bad, "content": "b"}]}
    row["prompt"] = [{"role": "user", "content": "q"}]
    [example], [] = _encode(row, preferences="whole")
    assert example["chosen_ids"] == chatfmt.get_tokenizer("gpt-4o").encode(
        [{"role": "user", "content": "q"}, bad]
    )


def test_prompts_keep_what_rewards_need() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    asked = [{"role": "user", "content": "2+2?"}]
    rows: list[dict[str, Any]] = [
        {"prompt": asked, "solution": "4", "reward_model": {"style": "rule"}},
        {"prompt": "3+3?"},
        {"messages": [*asked, {"role": "assistant", "content": "4"}]},
        PAIR,
    ]
    examples, reasons = _encode(*rows, prompts=True)
    assert reasons == ["expected a prompt, found an answer at its end"]
    assert [example["prompt_ids"] for example in examples] == [
        tok.encode_prompt(asked),
        tok.encode_prompt([{"role": "user", "content": "3+3?"}]),
        tok.encode_prompt(asked),
    ]
    said = [json.loads(example["metadata"]) for example in examples]
    assert said == [{"solution": "4", "reward_model": {"style": "rule"}}, {}, {}]
    _, reasons = _encode(rows[0], prompts=True, max_tokens=3)
    assert len(reasons) == 1
    prepared, [] = _encode(rows[0], prompts=True, prepare=PrepareOptions(), special_text="warn")
    assert prepared[0]["prompt_ids"] == tok.encode_prompt(asked)
    assert prepared[0]["special_text"] == ""


@pytest.mark.parametrize("more", [{"preferences": True}, {"weights": True}, {"overlong": "fit"}])
def test_prompts_alone(more: dict[str, Any]) -> None:
    with pytest.raises(ChatfmtError, match="prompts have no answers"):
        _encode(PAIR, prompts=True, **more)
