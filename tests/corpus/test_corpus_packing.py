"""Packs contain every example once and whole, and are nearly as few as possible."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt.corpus import best_fit, cu_seqlens, position_ids
from chatfmt.corpus.arrow import pa
from chatfmt.corpus.masks import mask_schema, with_masks
from chatfmt.corpus.packing import packed

_LISTS = st.lists(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=9), max_size=30)


@given(st.lists(st.integers(1, 20), max_size=60), st.integers(20, 50))
@settings(deadline=None)
def test_every_example_is_in_one_pack_whole(lengths: list[int], size: int) -> None:
    packs = best_fit(lengths, size)
    assert sorted(index for pack in packs for index in pack) == list(range(len(lengths)))
    assert all(sum(lengths[index] for index in pack) <= size for pack in packs)
    assert packs == sorted(map(sorted, packs))
    # Two packs that would fit into one are one: so no more than twice the packs there must be.
    sums = sorted(sum(lengths[index] for index in pack) for pack in packs)
    assert len(sums) < 2 or sums[0] + sums[1] > size


def test_an_example_that_no_pack_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 4 ids, found one of 5"):
        best_fit([4, 5], 4)


def _path(number: int) -> list[str] | None:
    return [str(number)] * (number % 3) if number % 2 else None


def _batch(rows: list[list[int]], first: int = 0) -> Any:
    number = list(range(first, first + len(rows)))
    batch = pa.record_batch(
        {
            "input_ids": pa.array(rows, pa.list_(pa.int32())),
            "labels": pa.array([[-100, *row[1:]] for row in rows], pa.list_(pa.int32())),
            "weights": pa.array(
                [[0.0, *[0.5] * (len(row) - 1)] for row in rows], pa.list_(pa.float32())
            ),
            "row": pa.array(number, pa.int64()),
            "path": pa.array(map(_path, number), pa.list_(pa.string())),
        }
    )
    return with_masks(batch, ("attention_mask", "assistant_masks"))


@given(_LISTS, st.sampled_from([None, 7]))
@settings(deadline=None)
def test_a_pack_is_its_examples_end_to_end(rows: list[list[int]], pad_id: int | None) -> None:
    size = 12
    batches = [_batch(rows[at : at + 4], at) for at in range(0, len(rows), 4)]
    schema = _batch([]).schema
    [*packs] = [row for batch in packed(batches, schema, size, pad_id) for row in batch.to_pylist()]
    assert sorted(number for pack in packs for number in pack["row"]) == list(range(len(rows)))
    for pack in packs:
        examples = [rows[number] for number in pack["row"]]
        assert pack["path"] == [_path(number) for number in pack["row"]]
        assert pack["seq_lengths"] == list(map(len, examples))
        ids = [token for row in examples for token in row]
        padding = 0 if pad_id is None else size - len(ids)
        assert pack["input_ids"] == ids + [7] * padding
        labels = [label for row in examples for label in [-100, *row[1:]]]
        assert pack["labels"] == labels + [-100] * padding
        weights = [weight for row in examples for weight in [0.0, *[0.5] * (len(row) - 1)]]
        assert pack["weights"] == weights + [0.0] * padding
        assert pack["attention_mask"] == [1] * len(ids) + [0] * padding
        assert pack["assistant_masks"] == [int(label != -100) for label in pack["labels"]]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(0, 9))
def test_positions_and_borders_agree(lengths: list[int], padding: int) -> None:
    length = sum(lengths) + padding
    borders = cu_seqlens(lengths, length)
    positions = position_ids(lengths, length)
    assert len(positions) == borders[-1] == length
    assert [at for at, position in enumerate(positions) if position == 0] == borders[:-1]
    assert cu_seqlens(lengths) == borders[: len(lengths) + 1]
    with pytest.raises(ValueError, match="a length of at least"):
        cu_seqlens(lengths, sum(lengths) - 1)


def test_packs_are_within_3_percent_of_the_lower_bound() -> None:
    chance = random.Random(5)  # noqa: S311 - lengths, no secret
    size, count = 4096, 100_000
    low, high = math.log(64), math.log(size)
    lengths = [round(math.exp(chance.uniform(low, high))) for _ in range(count)]
    schema = pa.schema({"input_ids": pa.list_(pa.int8())})

    def batches() -> Any:
        for start in range(0, count, 500):
            offsets = [0]
            for length in lengths[start : start + 500]:
                offsets.append(offsets[-1] + length)
            values = pa.repeat(pa.scalar(0, pa.int8()), offsets[-1])
            column = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)
            yield pa.record_batch([column], schema=schema)

    packs = sum(batch.num_rows for batch in packed(batches(), schema, size, None))
    bound = sum(lengths) / size
    assert bound <= packs <= 1.03 * bound


def test_masks_follow_from_the_labels_of_a_slice() -> None:
    whole = _batch([[1, 2], [3], [4, 5, 6]])
    examples = whole.slice(1).select(["input_ids", "labels", "weights", "row", "path"])
    again = with_masks(examples, ("attention_mask", "assistant_masks"))
    assert again.to_pylist() == whole.slice(1).to_pylist()
    assert again.schema == mask_schema(examples.schema, ("attention_mask", "assistant_masks"))
