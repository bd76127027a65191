"""Row groups written separately make the file that pyarrow writes for the same tables."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.corpus import thrift
from chatfmt.corpus.arrow import pa, pq
from chatfmt.corpus.parquet import ParquetFile, _writer, row_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS = [
    pa.field("input_ids", pa.list_(pa.int32()), nullable=False),
    pa.field("weights", pa.list_(pa.float32()), nullable=False),
    pa.field("attention_mask", pa.list_(pa.int8()), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("row", pa.int64(), nullable=False),
    pa.field("path", pa.list_(pa.string())),
    pa.field("metadata", pa.large_string(), nullable=False),
]
_SCHEMA = pa.schema(_FIELDS, {"chatfmt": '{"chatfmt": "é"}' * 30})


def _table(rows: int, seed: int) -> Any:
    chance = random.Random(seed)  # noqa: S311 - numbers, no secret
    columns = [
        [[chance.randrange(200_000) for _ in range(chance.randrange(40))] for _ in range(rows)],
        [[chance.random()] for _ in range(rows)],
        [[1] * chance.randrange(5) for _ in range(rows)],
        [chance.choice(["sums", "é"]) for _ in range(rows)],
        list(range(rows)),
        [None if chance.random() < 0.5 else ["a", "b"] for _ in range(rows)],
        ["{}" for _ in range(rows)],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _FIELDS, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(_FIELDS))


def _joined(tables: Sequence[Any]) -> bytes:
    file = io.BytesIO()
    parquet = ParquetFile(file, _SCHEMA)
    for table in tables:
        parquet.add(*row_groups(table))
    parquet.close()
    return file.getvalue()


@pytest.mark.parametrize("sizes", [(), (1,), (1, 500, 3), (2,) * 20], ids=len)
def test_they_make_the_bytes_that_one_writer_makes(sizes: tuple[int, ...]) -> None:
    tables = [_table(size, seed) for seed, size in enumerate(sizes)]
    file = io.BytesIO()
    with _writer(file, _SCHEMA) as writer:
        for table in tables:
            writer.write_table(table)
    assert _joined(tables) == file.getvalue()


def test_a_table_of_several_groups_keeps_them() -> None:
    rows = (1 << 20) + 5  # more than pyarrow puts in one
    ids = pa.ListArray.from_arrays(
        pa.array(range(rows + 1), pa.int32()), pa.array(range(rows), pa.int32())
    )
    table = pa.Table.from_arrays([ids], schema=pa.schema(_FIELDS[:1]))
    file = io.BytesIO()
    parquet = ParquetFile(file, table.schema)
    for _ in range(2):
        parquet.add(*row_groups(table))
    parquet.close()
    read = pq.ParquetFile(file)
    assert (read.metadata.num_row_groups, read.metadata.num_rows) == (4, 2 * rows)
    assert read.read().equals(pa.concat_tables([table, table]))


# ---- the protocol of footers


def _every_kind() -> thrift.Struct:
    return {
        1: (thrift.TRUE, True),
        2: (thrift.FALSE, False),
        3: (thrift.BYTE, b"\xff"),
        4: (thrift.I16, -1),
        5: (thrift.I32, 1 << 31),
        6: (thrift.I64, -(1 << 62)),
        7: (thrift.DOUBLE, b"\x01" * 8),
        8: (thrift.BINARY, b"a" * 200),
        24: (thrift.LIST, (thrift.I32, list(range(-20, 20)))),
        9: (thrift.LIST, (thrift.TRUE, [1, 2, 1])),
        -300: (thrift.STRUCT, {1: (thrift.LIST, (thrift.STRUCT, [{}, {}]))}),
    }


def test_what_is_written_is_read() -> None:
    struct = _every_kind()
    assert thrift.read(thrift.write(struct)) == struct


def test_numbers_are_written_as_the_protocol_says() -> None:
    # 1 is folded to 2, -1 to 1, 300 to 600, seven bits to a byte with the lowest first.
    for number, written in {0: "00", 1: "02", -1: "01", 300: "d804"}.items():
        data = bytes.fromhex(f"15{written}00")
        assert thrift.write({1: (thrift.I32, number)}) == data
        assert thrift.read(data) == {1: (thrift.I32, number)}


def test_a_map_is_in_no_footer() -> None:
    with pytest.raises(ValueError, match="found number 11"):
        thrift.read(b"\x1b\x00\x00")
