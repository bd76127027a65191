"""CSV, TSV and Arrow files: the rows that JSON Lines would give, and what is refused."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import iter_rows, read_file
from chatfmt.adapters.chunks import LONGEST_ROW
from chatfmt.corpus.arrow import pa
from chatfmt.errors import DataError
from heavy import heavy

if TYPE_CHECKING:
    from pathlib import Path

ASKED, SAID = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}


def _rows(path: Path, **how: Any) -> list[Any]:
    return [row.value or str(row.error).split(": ", 1)[1] for row in iter_rows(path, **how)]


def test_named_columns_are_members(tmp_path: Path) -> None:
    text = '\ufeffprompt,completion,label\n2+2?,4,True\n"a, ""b""\nc",true,FALSE\nd,e,\n'
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    assert _rows(path) == [
        {"prompt": "2+2?", "completion": "4", "label": "True"},
        {"prompt": 'a, "b"\nc', "completion": "true", "label": "FALSE"},
        {"prompt": "d", "completion": "e"},
    ]
    weights = [reading.items[0].messages[1].weight for reading in read_file(path)]  # type: ignore[union-attr]
    assert weights == [None, 0.0, None]
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert _rows(packed) == _rows(path)


def test_tabs_and_messages_as_json(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    cell = json.dumps([ASKED, SAID]).replace('"', '""')
    path.write_text(f'id\tmessages\n7\t"{cell}"\n')
    [reading] = read_file(path)
    assert [m.content for m in reading.items[0].messages] == ["2+2?", "4"]  # type: ignore[union-attr]
    assert reading.items[0].metadata == {"id": "7"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a,b\n1\n2,3\n", ["expected 2 cells, found 1", {"a": "2", "b": "3"}]),
        (b"a,a\n1,2\n", ["expected a different name for each column, found ['a', 'a']"]),
        (b"a,\n1,2\n", ["expected a different name for each column, found ['a', '']"]),
        (b'a\n1\n"2\n', [{"a": "1"}, "expected a table of text, found: 'unexpected end of data'"]),
        (b"a\n1\n\xff\n", [{"a": "1"}, "expected UTF-8"]),
        (b"a\n1\n" + b"x" * 99, [{"a": "1"}, "expected a table of text, found: 'expected a row"]),
    ],
)
def test_odd_tables(tmp_path: Path, data: bytes, expected: list[Any]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    found = _rows(path, longest_row=50)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == other if isinstance(other, dict) else one.startswith(other)


def test_a_table_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"1\n" * 9)[:-9])
    found = _rows(path)
    assert "found the end" in found[-1]


def test_long_cells_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prompt\n" + "x" * 200_000 + "\n")
    assert LONGEST_ROW > 200_000
    assert [len(row["prompt"]) for row in _rows(path)] == [200_000]


ROWS = [{"messages": [ASKED, SAID], "n": number} for number in range(700)]


@pytest.mark.parametrize("kind", ["stream", "file"])
def test_arrow_files(tmp_path: Path, kind: str) -> None:
    table = pa.Table.from_pylist(ROWS)
    path = tmp_path / "a.arrow"
    make = {"stream": pa.ipc.new_stream, "file": pa.ipc.new_file}[kind]
    with make(str(path), table.schema) as writer:
        writer.write_table(table)
    assert _rows(path) == ROWS
    path.write_bytes(path.read_bytes()[:300])
    [error] = _rows(path)
    assert error.startswith("expected Arrow, found: ")
    packed = tmp_path / "a.arrow.gz"
    packed.write_bytes(b"")
    with pytest.raises(DataError, match="expected an Arrow file, found it compressed"):
        list(iter_rows(packed))


@pytest.mark.slow
def test_what_datasets_saves_is_read(tmp_path: Path) -> None:
    datasets = heavy("datasets")
    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    [path] = (tmp_path / "saved").glob("*.arrow")
    assert _rows(path) == ROWS
