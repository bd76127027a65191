"""A shuffle is the permutation of its seed, however much fits into memory at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.corpus.arrow import pa
from chatfmt.corpus.shuffle import shuffled

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = pa.schema({"row": pa.int64(), "ids": pa.list_(pa.int32())})


def _batches(count: int, size: int = 10) -> Any:
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        yield pa.record_batch({"row": numbers, "ids": [[n] * (n % 5) for n in numbers]}, SCHEMA)


def _order(count: int, seed: int, folder: Path, **more: Any) -> Any:
    rows = [
        row
        for batch in shuffled(_batches(count), SCHEMA, seed, folder.joinpath, **more)
        for row in batch.to_pylist()
    ]
    assert all(row["ids"] == [row["row"]] * (row["row"] % 5) for row in rows)
    assert not any(folder.iterdir())
    return [row["row"] for row in rows]


@pytest.mark.parametrize("bucket_bytes", [1 << 20, 200, 1])
def test_every_row_is_there_once(tmp_path: Path, bucket_bytes: int) -> None:
    order = _order(300, 3, tmp_path, bucket_bytes=bucket_bytes)
    assert sorted(order) == list(range(300))
    assert order != sorted(order)
    assert order == _order(300, 3, tmp_path, bucket_bytes=bucket_bytes)
    assert order != _order(300, 4, tmp_path, bucket_bytes=bucket_bytes)


def test_every_order_is_as_likely(tmp_path: Path) -> None:
    # 240 shuffles of 3 rows: 40 of each order are expected, and 12 would be 5 deviations off.
    orders = Counter(tuple(_order(3, seed, tmp_path)) for seed in range(240))
    assert len(orders) == 6
    assert min(orders.values()) > 12
