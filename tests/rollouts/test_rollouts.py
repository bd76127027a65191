"""Rollouts: each sampled id once, with its reward and advantage; in batches and in files."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import ContextOverflowError, DataError, NothingToTrainError, collate
from chatfmt.rollouts import (
    Rollout,
    collate_rollouts,
    group_advantages,
    pack_rollouts,
    read_rollouts,
    rollouts_of,
    write_rollouts,
)
from rows import ids_in, tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from chatfmt import Transcript

TOK = chatfmt.get_tokenizer("gpt-4o")
END = 200265


def two_turns() -> Transcript:
    chat = TOK.render([{"role": "user", "content": "hello"}])
    chat.append_completion([13225, END], logprobs=[-0.5, -0.25])
    chat.append({"role": "user", "content": "hello"})
    chat.append_completion([13225, 11, END])
    return chat


def sampled(rollout: Rollout, column: str) -> list[Any]:
    pairs = zip(getattr(rollout, column), rollout.sampled, strict=True)
    return [one for one, is_sampled in pairs if is_sampled]


@pytest.mark.parametrize(
    ("worth", "rewards", "advantages"),
    [
        (None, [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        (2, [0, 0, 0, 0, 2], [2, 2, 2, 2, 2]),
        ([1, 2], [0, 1, 0, 0, 2], [1, 1, 2, 2, 2]),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
    ],
)
def test_a_number_for_all_for_each_turn_or_for_each_id(
    worth: Any, rewards: list[float], advantages: list[float]
) -> None:
    chat = two_turns()
    [one] = rollouts_of(chat, reward=worth, advantage=worth, group="a")
    assert (one.input_ids, one.group) == (chat.ids, "a")
    assert one.sampled == [int(weight) for weight in chat.weights("sampled")]
    assert one.logprobs == chat.logprobs
    assert sampled(one, "input_ids") == [13225, END, 13225, 11, END]
    assert (sampled(one, "rewards"), sampled(one, "advantages")) == (rewards, advantages)
    assert sum(one.rewards) == sum(rewards)


def test_what_was_not_sampled_gives_none() -> None:
    chat = TOK.render([{"role": "user", "content": "hello"}])
    assert rollouts_of(chat, reward=1.0) == []
    chat.prompt()
    assert rollouts_of(chat) == []


def test_one_for_each_unbroken_prefix() -> None:
    tok = tokenizer("qwen-3")
    chat = tok.render([{"role": "user", "content": "2+2?"}])
    first = ids_in(tok, "<think>\nHm.\n</think>\n\n4<|im_end|>")
    second = ids_in(tok, "<think>\nWell.\n</think>\n\n6<|im_end|>")
    chat.append_completion(first, logprobs=[-1.0] * len(first))
    chat.append({"role": "user", "content": "3+3?"})
    chat.append_completion(second)
    [whole] = rollouts_of(chat, reward=[1, 2], advantage=[3, 4])
    a, b = rollouts_of(chat, reward=[1, 2], advantage=[3, 4], prepare=True, group="g")
    assert (sampled(a, "input_ids"), sampled(b, "input_ids")) == (first, second)
    assert b.input_ids[: len(a.input_ids)] != a.input_ids  # the reasoning is dropped
    for column in ("input_ids", "rewards", "advantages", "logprobs"):
        assert sampled(a, column) + sampled(b, column) == sampled(whole, column)
    assert (sum(a.rewards), sum(b.rewards), a.group) == (1, 2, "g")
    assert [part.ids for part in chat.samples()] == [a.input_ids, b.input_ids]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"reward": [1, 2, 3]}, "reward: expected a number, 2 of them, .* or 5, .* found 3"),
        ({"advantage": []}, "advantage: expected a number, 2 of them, .* found 0"),
        ({"reward": math.nan}, "reward: expected finite numbers, found nan"),
        ({"advantage": [0, math.inf]}, "advantage: expected finite numbers, found inf"),
        ({"values": {}}, "tools, values and history need prepare=True"),
    ],
)
def test_what_makes_no_sense_is_refused(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        rollouts_of(two_turns(), **more)


def test_advantages_of_a_group() -> None:
    assert group_advantages([]) == []
    assert group_advantages([3.0, 3.0, 3.0]) == [0.0] * 3
    assert group_advantages([2.0, 4.0], scale=False) == [-1.0, 1.0]
    found = group_advantages([0.0, 1.0, 5.0])
    assert math.isclose(sum(found), 0, abs_tol=1e-12)
    assert math.isclose(sum(one * one for one in found), 3)


SHORT = Rollout([5], [0], [None], [0.0], [0.0])
LONG = Rollout([7, 8, 9], [0, 1, 1], [None, -0.5, math.nan], [0.0, 0.0, 1.0], [0.0, 2.0, 2.0], "g")


def test_padded() -> None:
    right = collate_rollouts([SHORT, LONG], pad_id=1)
    assert right["input_ids"] == [[5, 1, 1], [7, 8, 9]]
    assert right["attention_mask"] == [[1, 0, 0], [1, 1, 1]]
    assert right["sampled"] == [[0, 0, 0], [0, 1, 1]]
    assert right["logprobs"][0] == [0.0, 0.0, 0.0]
    assert right["logprobs"][1][:2] == [0.0, -0.5]
    assert right["rewards"] == [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert right["group"] == [None, "g"]
    left = collate_rollouts([SHORT, LONG], pad_id=1, side="left")
    assert left["input_ids"] == [[1, 1, 5], [7, 8, 9]]
    assert left["attention_mask"] == [[0, 0, 1], [1, 1, 1]]
    assert collate_rollouts([], pad_id=0)["input_ids"] == []
    with pytest.raises(ValueError, match="side must be right or left, found 'up'"):
        collate_rollouts([], pad_id=0, side="up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rollout 1: expected lists of one length"):
        collate_rollouts([LONG, LONG._replace(sampled=[1])], pad_id=0)


def test_packed() -> None:
    packed = pack_rollouts([LONG, SHORT, LONG], length=5, pad_id=1)
    assert packed["input_ids"] == [[7, 8, 9, 5, 1], [7, 8, 9, 1, 1]]
    assert packed["position_ids"] == [[0, 1, 2, 0, 0], [0, 1, 2, 0, 0]]
    assert packed["sequence_ids"] == [[0, 0, 0, 1, -1], [2, 2, 2, -1, -1]]
    assert packed["attention_mask"] == [[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]]
    assert packed["advantages"] == [[0.0, 2.0, 2.0, 0.0, 0.0]] * 2
    with pytest.raises(ContextOverflowError):
        pack_rollouts([LONG], length=2, pad_id=0)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_files_give_back_what_was_written(suffix: str, tmp_path: Path) -> None:
    odd = LONG._replace(logprobs=[None, math.inf, -math.inf])
    made = [SHORT, odd, *rollouts_of(two_turns(), reward=0.1, advantage=[0.1, 0.2])] * 600
    path = tmp_path / f"rollouts.{suffix}"
    assert write_rollouts(path, iter(made)) == len(made)
    assert [*read_rollouts(path)] == made
    write_rollouts(path, [LONG])
    [again] = read_rollouts(path)
    assert repr(again) == repr(LONG)  # NaN is not equal to itself
    assert write_rollouts(path, []) == 0
    assert [*read_rollouts(path)] == []


GOOD = json.loads(json.dumps({**SHORT._asdict()}))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", r"rollouts.jsonl:1: expected JSON, found at character 2 of the line: .*, in '\{'"),
        ("[" * 9999, ":1: expected at most 200 levels of nesting, found more, in "),
        (
            '{"group": 1, "group": 2}',
            ":1: expected each key once in an object, found 'group' twice",
        ),
        ("9" * 9999, ":1: expected a whole number of fewer digits, found one of 9,999, in "),
        (
            json.dumps({**GOOD, "rewards": [math.nan] * 2}),
            ":1: expected JSON, found the constant N",
        ),
        (json.dumps({**GOOD, "input_ids": {}}), ":1: input_ids: expected a list"),
        ("\udcff", ":1: expected UTF-8, found byte 0xff at byte 1 of the line, in "),
        ("[]", r"expected the members input_ids, .* group, found \[\]"),
        ('{"input_ids": []}', r"expected the members .* found \['input_ids'\]"),
        (json.dumps({**GOOD, "rewards": []}), ":1: rewards: expected a list as long as input_ids"),
        (json.dumps({**GOOD, "sampled": [True]}), r":1: sampled\[0\]: expected int, found True"),
        (json.dumps({**GOOD, "logprobs": ["x"]}), r"logprobs\[0\]: expected int or float or NoneT"),
        (json.dumps({**GOOD, "input_ids": 5}), ":1: input_ids: expected a list"),
        (json.dumps({**GOOD, "group": 7}), ":1: group: expected a text or null, found 7"),
    ],
)
def test_a_row_that_is_none_is_named(line: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_bytes(line.encode(errors="surrogateescape") + b"\n")
    with pytest.raises(DataError, match=problem):
        [*read_rollouts(path)]


@pytest.mark.parametrize("name", ["rewards", "advantages"])
def test_json_has_no_number_that_is_not_finite(name: str, tmp_path: Path) -> None:
    odd = Rollout(**{**SHORT._asdict(), name: [0.0] * (len(SHORT.input_ids) - 1) + [math.nan]})
    with pytest.raises(DataError, match=rf":2: {name}\[\d+\]: expected a finite number, found nan"):
        write_rollouts(tmp_path / "rollouts.jsonl", [SHORT, odd])


def test_parquet_files_that_are_none(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra data is not installed")
    from pyarrow import parquet

    path = tmp_path / "rollouts.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"rollouts.parquet: expected a Parquet file, found: "):
        [*read_rollouts(path)]
    columns = [pa.array([value]) for value in (*SHORT, "b")]
    table = pa.Table.from_arrays(columns, names=[*SHORT._fields, "group"])
    parquet.write_table(table, path)
    with pytest.raises(DataError, match="expected each column once, found "):
        [*read_rollouts(path)]


def test_other_files_are_refused(tmp_path: Path) -> None:
    for work in (lambda path: write_rollouts(path, []), lambda path: [*read_rollouts(path)]):
        with pytest.raises(ValueError, match=r"expected a file \.jsonl or \.parquet"):
            work(tmp_path / "rollouts.csv")


def test_a_transcript_is_a_training_example() -> None:
    chat = two_turns()
    example = TOK.encode_for_training(chat, train_on="sampled")
    assert example.input_ids == chat.ids
    assert example.weights == chat.weights("sampled")
    assert example.labels == chat.labels("sampled")
    by_default = TOK.encode_for_training(chat)
    assert by_default == chat.training_example() == TOK.encode_for_training(chat.conversation)
    assert collate([chat, by_default], pad_id=0) == collate([by_default, chat], pad_id=0)
    asked = TOK.render([{"role": "user", "content": "hello"}])
    with pytest.raises(NothingToTrainError, match="no id of this transcript has a weight"):
        TOK.encode_for_training(asked)
    assert not any(TOK.encode_for_training(asked, allow_untrained=True).weights)
    with pytest.raises(ValueError, match="the ids of a transcript are used unchanged"):
        TOK.encode_for_training(chat, max_tokens=10)
