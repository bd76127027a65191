"""What Arrow has and Python or JSON does not: such a row is refused, and the others are read."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters.readers import iter_rows

if TYPE_CHECKING:
    from pathlib import Path

pa = pytest.importorskip("pyarrow", reason="the extra data is not installed")
pq = pytest.importorskip("pyarrow.parquet")


def _not_utf8() -> Any:
    offsets = b"".join(at.to_bytes(4, "little") for at in (0, 1, 2))
    return pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(b"\xffx")]
    )


_STRUCTS = pa.StructArray.from_arrays([pa.array([1, 3]), pa.array([2, 4])], names=["a", "a"])
COLUMNS: dict[str, tuple[Any, str]] = {
    "keys of a map": (
        pa.array([[("a", 1), ("a", 2)], [("a", 1)]], pa.map_(pa.string(), pa.int64())),
        "expected values that Python has, too, found: .*duplicate key was 'a'",
    ),
    "keys that are no text": (
        pa.array([[(1, 1)], []], pa.map_(pa.int64(), pa.int64())),
        "expected text as the key of each member, found the number 1",
    ),
    "a date in the far future": (
        pa.array([2**31 - 1, 1], pa.date32()),
        "expected values that Python has, too, found: days=2147483647",
    ),
    "a duration": (
        pa.array([2**62, None], pa.duration("s")),
        "expected values that Python has, too, found: Python int too large",
    ),
    "text that is not UTF-8": (
        _not_utf8(),
        "expected values that Python has, too, found: 'utf-8' codec can't decode byte 0xff",
    ),
    "a decimal": (pa.array([pa.scalar(1).cast(pa.decimal128(19)), None]), "found a Decimal"),
    "bytes": (pa.array([b"x", None]), "found the bytes b'x'"),
    "NaN": (pa.array([float("nan"), 1.0]), "found the number nan"),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_value_that_json_has_not_is_refused_alone(name: str, suffix: str, tmp_path: Path) -> None:
    column, reason = COLUMNS[name]
    path = tmp_path / f"r.{suffix}"
    _write(pa.table({"prompt": ["a", "b"], "x": column}), path)
    first, second = iter_rows(path)
    assert second.error is None
    assert second.value is not None
    assert second.value["prompt"] == "b"
    assert (first.file, first.line) == (str(path), 1)
    assert first.value is None
    assert re.search(reason, str(first.error))


def _write(table: Any, path: Path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
        return
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_two_columns_or_members_of_one_name(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"r.{suffix}"
    names = ["prompt", "x", "x"]
    _write(pa.Table.from_arrays([pa.array(["a", "b"])] * 3, names=names), path)
    [row] = iter_rows(path)
    assert str(row.error) == f"{path}:1: expected each column once, found x twice: rename one"
    _write(pa.table({"prompt": ["a", "b"], "x": _STRUCTS}), path)
    for row in iter_rows(path):
        assert "duplicate field names" in str(row.error)


def test_values_that_json_has(tmp_path: Path) -> None:
    columns = {
        "null": pa.nulls(1),
        "large": pa.array(["a"], pa.large_string()),
        "view": pa.array(["a"], pa.string_view()),
        "dictionary": pa.array(["a"]).dictionary_encode(),
        "large list": pa.array([[1]], pa.large_list(pa.int8())),
        "unsigned": pa.array([2**64 - 1], pa.uint64()),
        "date": pa.array([date(2026, 1, 2)]),
        "struct": pa.array([{"a": [{"b": 1}]}]),
    }
    _write(pa.table(columns), tmp_path / "r.parquet")
    [row] = iter_rows(tmp_path / "r.parquet")
    assert row.value == {
        "large": "a",
        "view": "a",
        "dictionary": "a",
        "large list": [1],
        "unsigned": 2**64 - 1,
        "date": "2026-01-02",
        "struct": {"a": [{"b": 1}]},
    }
