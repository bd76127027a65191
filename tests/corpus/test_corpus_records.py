"""Rows to examples: `encode_records` gives what the core gives, row by row."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import chatfmt
from chatfmt import ChatfmtError
from chatfmt.adapters import Preference, read_row
from chatfmt.corpus import EncodeOptions, RawRow, batches, encode_records
from chatfmt.corpus.arrow import pa
from chatfmt.prepare.options import PrepareOptions
from corpus_data import BAD_LINES, lines, mixture, options, row_of
from rows import tokenizer

HERE = Path()


def _batch(texts: list[bytes], source: str = "a") -> Any:
    rows = [RawRow(source, "a.jsonl", i, text) for i, text in enumerate(texts, 1)]
    [batch] = batches(rows)
    return batch


def _encode(texts: list[bytes], **more: Any) -> Any:
    return encode_records(_batch(texts), options(mixture(HERE, "a"), **more))


def test_examples_are_those_of_the_core() -> None:
    texts = lines(60, bad_every=5)
    examples, rejects = _encode(texts)
    tok = chatfmt.get_tokenizer("gpt-4")
    expected = []
    for number, text in enumerate(texts, 1):
        if text not in BAD_LINES:
            example = tok.encode_for_training(json.loads(text)["messages"])
            expected.append((example.input_ids, example.labels, "a", "a.jsonl", number, 0, None))
    assert list(zip(*examples.to_pydict().values(), strict=True)) == expected
    bad = [number for number, text in enumerate(texts, 1) if text in BAD_LINES]
    assert rejects["line"].to_pylist() == bad
    assert rejects.num_rows + examples.num_rows == 60


def test_types_are_those_that_readers_take() -> None:
    examples, _ = _encode(lines(2), weights=True)
    assert [str(field.type) for field in examples.schema] == [
        "list<item: int32>",
        "list<item: int32>",
        "list<item: float>",
        "string",
        "string",
        "int64",
        "int32",
        "list<item: string>",
    ]


def test_refused_rows_say_why_and_what_they_were() -> None:
    _, rejects = _encode(BAD_LINES)
    assert rejects["reason"].to_pylist() == [
        "expected JSON, found the constant NaN",
        "expected each key once in an object, found 'prompt' twice",
        "expected UTF-8, found byte 0xff at byte 35 of the line",
        "expected JSON, found at character 37: Expecting ',' delimiter",
        "expected an object, found a list of 0",
        "expected an object, found an empty line",
        rejects["reason"][6].as_py(),
        rejects["reason"][7].as_py(),
    ]
    assert rejects["reason"][6].as_py().endswith("found question")
    assert "has a weight" in rejects["reason"][7].as_py()
    assert [row_of(row) for row in rejects.to_pylist()] == BAD_LINES


def test_options_and_function_cross_processes() -> None:
    chosen = options(mixture(HERE, "a"), max_tokens=40, overlong="split")
    function, again = pickle.loads(pickle.dumps((encode_records, chosen)))
    batch = _batch(lines(10))
    assert len(pickle.dumps(chosen)) < 10_000
    for ours, theirs in zip(encode_records(batch, chosen), function(batch, again), strict=True):
        assert ours.equals(theirs)


def test_a_row_that_is_split_has_parts() -> None:
    messages = [
        {"role": role, "content": f"word {turn}"}
        for turn in range(4)
        for role in ("user", "assistant")
    ]
    text = json.dumps({"messages": messages}).encode()
    examples, _ = _encode([text], max_tokens=40, overlong="split")
    assert examples["part"].to_pylist() == list(range(examples.num_rows))
    assert examples.num_rows > 1
    assert max(map(len, examples["input_ids"].to_pylist())) <= 40


def test_each_turn_is_an_example() -> None:
    messages = [
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "4", "reasoning": "two and two"},
        {"role": "user", "content": "Sure?"},
        {"role": "assistant", "content": "Yes", "reasoning": "I am"},
    ]
    text = json.dumps({"messages": messages}).encode()
    tok = tokenizer("qwen-3")
    for asked in (None, PrepareOptions(), PrepareOptions(history="keep")):
        chosen = EncodeOptions(
            tokenizer=tok, sources=mixture(HERE, "a").sources, turns="each", prepare=asked
        )
        examples, rejects = encode_records(_batch([text]), chosen)
        history = asked.history if asked else "published"
        wanted = tok.encode_for_training(
            messages, turns="each", prepare=asked is not None, history=history
        )
        assert rejects.num_rows == 0
        assert examples["part"].to_pylist() == [0, 1]
        assert examples["input_ids"].to_pylist() == [one.input_ids for one in wanted]
        assert examples["labels"].to_pylist() == [one.labels for one in wanted]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"prompts": True}, "expected conversations, found prompts"),
        ({"preferences": True}, "expected conversations, found preferences"),
        ({"overlong": "fit"}, "expected overlong to be refuse"),
        ({"prepare": PrepareOptions(thinking=True)}, "expected no thinking"),
    ],
)
def test_turns_that_cannot_be_examples(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(ChatfmtError, match=f"turns is each: {reason}"):
        options(mixture(HERE, "a"), turns="each", **more)


def test_a_row_is_used_whole_or_refused_whole() -> None:
    reply = {"message_id": "b", "role": "assistant", "text": "short", "replies": []}
    long = {"message_id": "c", "role": "assistant", "text": "long " * 50, "replies": []}
    prompt = {"message_id": "a", "role": "prompter", "text": "Hi", "replies": [reply, long]}
    tree = json.dumps({"message_tree_id": "a", "prompt": prompt}).encode()
    examples, rejects = _encode([tree])
    assert (examples.num_rows, rejects.num_rows) == (2, 0)
    assert examples["part"].to_pylist() == [0, 1]
    assert examples["path"].to_pylist() == [["a", "b"], ["a", "c"]]
    examples, rejects = _encode([tree], max_tokens=30)
    assert (examples.num_rows, rejects.num_rows) == (0, 1)


def test_fractional_weights_need_a_column() -> None:
    turns = [
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "4", "weight": 0.5},
    ]
    text = json.dumps({"messages": turns}).encode()
    examples, rejects = _encode([text])
    assert examples.num_rows == 0
    assert "expected weights of 0 or 1, found 0.5" in rejects["reason"][0].as_py()
    examples, rejects = _encode([text], weights=True)
    assert rejects.num_rows == 0
    assert set(examples["weights"].to_pylist()[0]) == {0.0, 0.5}
    labels, weights = examples["labels"].to_pylist()[0], examples["weights"].to_pylist()[0]
    assert [label == -100 for label in labels] == [weight == 0 for weight in weights]


def test_preferences_come_back_from_their_ids() -> None:
    row = {"prompt": "2+2?", "chosen": "4", "rejected": "It is five."}
    text = json.dumps(row).encode()
    examples, rejects = _encode([text, lines(1)[0]], preferences=True)
    assert rejects["reason"].to_pylist() == ["expected a preference, found a conversation"]
    [prompt], [chosen], [rejected] = (
        examples[name].to_pylist() for name in ("prompt_ids", "chosen_ids", "rejected_ids")
    )
    tok = chatfmt.get_tokenizer("gpt-4")
    [item] = read_row(row)
    assert isinstance(item, Preference)
    assert prompt == tok.encode_prompt(item.prompt)
    assert tok.decode(prompt + chosen).messages == (*item.prompt.messages, *item.chosen)
    assert tok.decode(prompt + rejected).messages == (*item.prompt.messages, *item.rejected)
    _, rejects = _encode([text])
    assert "expected a conversation, found a preference" in rejects["reason"][0].as_py()
    _, rejects = _encode([text], preferences=True, max_tokens=10)
    assert rejects.num_rows == 1


def test_buffers_of_batches_are_whole() -> None:
    for batch in _encode(lines(20, bad_every=3)):
        batch.validate(full=True)
        assert isinstance(batch, pa.RecordBatch)
