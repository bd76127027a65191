"""Files as streams of rows: intact, irregular, damaged, and larger than the limit."""

# ruff: noqa: E501 - a case a line

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt.adapters import Row, chunks, iter_rows, parquet
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable


pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def _plain(data: bytes) -> bytes:
    return data


def _two_members(data: bytes) -> bytes:
    return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])


def _two_frames(data: bytes) -> bytes:
    half = len(data) // 2
    return zstandard.compress(data[:half]) + zstandard.compress(data[half:])


PACKINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("", _plain),
    (".gz", gzip.compress),
    (".gz", _two_members),
    (".zst", zstandard.compress),
    (".zst", _two_frames),
]
packings = pytest.mark.parametrize(("suffix", "pack"), PACKINGS)


def _read(path: Path, data: bytes, **options: Any) -> list[tuple[int, object]]:
    path.write_bytes(data)
    return [_brief(path, row) for row in iter_rows(path, **options)]


def _brief(path: Path, row: Row) -> tuple[int, object]:
    assert row.file == str(path)
    if row.error is None:
        return row.line, row.value
    assert row.value is None
    assert (row.error.file, row.error.line) == (row.file, row.line)
    return row.line, ": ".join(part for part in (row.error.field, row.error.reason) if part)


# A line, and what is read from it: the line's value, or the error.
LINES: list[tuple[bytes, object]] = [
    (b'{"a": 1}', {"a": 1}),
    ('{"a": "x\u2028y\x85z"}'.encode(), {"a": "x\u2028y\x85z"}),
    (b' {"a": 1} \r', {"a": 1}),
    (b'{"a": {"b": [1.5, 1e300, null, true]}}', {"a": {"b": [1.5, 1e300, None, True]}}),
    (b'{"a": "\\ud83d\\ude00 \\\\ud800"}', {"a": "😀 \\ud800"}),
    (b'{"a": ' + b"[" * 199 + b"]" * 199 + b"}", None),
    (b"", "expected an object, found an empty line"),
    (b" \t\r", "expected an object, found an empty line"),
    (b"[1]", "expected an object, found a list of 1"),
    (b'"x"', "expected an object, found the text 'x'"),
    (b"null", "expected an object, found nothing"),
    (b'{"a": 1', "expected JSON, found at character 8: Expecting ',' delimiter"),
    (b'{"a": 1} x', "expected JSON, found at character 10: Extra data"),
    (b'{"a": "\x01"}', "expected JSON, found at character 8: Invalid control character at"),
    (b'{"a": "b\xff"}', "expected UTF-8, found byte 0xff at byte 9 of the line"),
    (b'{"a": "\xed\xa0\x80"}', "expected UTF-8, found byte 0xed at byte 8 of the line"),
    (b'\xef\xbb\xbf{"a": 1}', "expected JSON, found at character 1: a byte order mark"),
    (b'{"a": NaN}', "expected JSON, found the constant NaN"),
    (b'{"a": [-Infinity]}', "expected JSON, found the constant -Infinity"),
    (b'{"a": 1e999}', "expected a number that fits a double, found 1e999"),
    (b'{"a": ' + b"1" * 4301 + b"}", "expected a whole number of fewer digits, found one of 4,301"),
    (b'{"a": [-' + b"1" * 70_000 + b"]}", "expected a whole number of fewer digits, found one of 70,000"),
    (b'{"b": {"a": 1, "a": 1}}', "expected each key once in an object, found 'a' twice"),
    (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "expected at most 200 levels of nesting, found more"),
    (b"[" * 99999, "expected at most 200 levels of nesting, found more"),
    (b'{"a": ["b", {"c": "x\\ud800"}]}', "a[1].c: expected text, found a lone surrogate (half of an escaped pair)"),
    (b'{"\\uDfff": 1}', "expected text, found a lone surrogate (half of an escaped pair)"),
]  # fmt: skip


@packings
def test_lines(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    found = _read(tmp_path / f"r.jsonl{suffix}", pack(b"\n".join(line for line, _ in LINES)))
    assert [line for line, _ in found] == list(range(1, len(LINES) + 1))
    for (_, value), (line, expected) in zip(found, LINES, strict=True):
        assert value == (json.loads(line) if expected is None else expected)


def test_too_many_digits_are_an_error_of_their_line(tmp_path: Path) -> None:
    text = b'{"a": ' + b"9" * 5000 + b'}\n{"a": 1}\n'
    (_, error), after = _read(tmp_path / "r.jsonl", text)
    assert str(error) == "expected a whole number of fewer digits, found one of 5,000"
    assert after == (2, {"a": 1})


def test_the_last_line_may_end_or_not(tmp_path: Path) -> None:
    assert _read(tmp_path / "r.ndjson", b'{"a": 1}\n{"a": 2}\n') == [(1, {"a": 1}), (2, {"a": 2})]
    assert _read(tmp_path / "r.ndjson", b'{"a": 1}\n{"a": 2}') == [(1, {"a": 1}), (2, {"a": 2})]
    assert _read(tmp_path / "r.ndjson", b"") == []


WHOLE = "rows read before it: {}"
# A document, the values read from it, and the error that it ends with.
DOCUMENTS: list[tuple[bytes, list[object], str | None]] = [
    (b"", [], None),
    (b" [ ] \n", [], None),
    (b'[{"a": 1}]', [{"a": 1}], None),
    (b' [\n{"a": "]},{"} ,{"b": [{}]}\n] ', [{"a": "]},{"}, {"b": [{}]}], None),
    (b'{"a": 1}\n{"b": 2}{"c": 3}', [{"a": 1}, {"b": 2}, {"c": 3}], None),
    (b'{\n  "a": 1\n}\n', [{"a": 1}], None),
    (b'[{"a": 1, "a": 2}, {"b": NaN}, {"c": 3}]', [
        "expected each key once in an object, found 'a' twice",
        "expected JSON, found the constant NaN",
        {"c": 3},
    ], None),
    (b'[{"a": ' + b"1" * 70_000 + b'}, {"b": 1}]', ["expected a whole number of fewer digits, found one of 70,000", {"b": 1}], None),
    (b'[{"a": "}\\"", "b": ' + b"[" * 99999 + b"]" * 99999 + b'}, {"b": 1}]', ["expected at most 200 levels of nesting, found more", {"b": 1}], None),
    (b'{"a": ' * 9999 + b"1" + b"}" * 9999 + b'{"b": 1}', ["expected at most 200 levels of nesting, found more", {"b": 1}], None),
    (b'[{"role": "user", "content": "a"}, {"role": "tool"}]', [{"messages": [{"role": "user", "content": "a"}, {"role": "tool"}]}], None),
    (b'[{"role": "user", "content": "a"}, {"b": 1, "b": 2}]', ["expected each key once in an object, found 'b' twice"], None),
    (b'[{"role": "user", "content": "a"}, {"role": "to', [], f"expected JSON, found at character 10 of the row: Unterminated string starting at; {WHOLE.format(0)}"),
    (b'[{"role": "user", "content": "a"}] x', [], f"expected the end of the file after the array, found 'x'; {WHOLE.format(0)}"),
    (b'[{"role": "user", "content": "\xff"}]', [], f"expected UTF-8, found byte 0xff at some place in this row; {WHOLE.format(0)}"),
    (b"[1, 2]", [], f"expected an object, found '1'; {WHOLE.format(0)}"),
    (b"3", [], f"expected an object, found '3'; {WHOLE.format(0)}"),
    (b'[{"a": 1}', [{"a": 1}], f"expected a comma or the end of the array, found the end of the file; {WHOLE.format(1)}"),
    (b'[{"a": 1} {"b": 2}]', [{"a": 1}], f"expected a comma or the end of the array, found '{{'; {WHOLE.format(1)}"),
    (b'[{"a": 1},]', [{"a": 1}], f"expected an object, found ']'; {WHOLE.format(1)}"),
    (b'[{"a": 1},', [{"a": 1}], f"expected an object, found the end of the file; {WHOLE.format(1)}"),
    (b"[", [], f"expected an object, found the end of the file; {WHOLE.format(0)}"),
    (b"[{}] {}", [{}], f"expected the end of the file after the array, found '{{'; {WHOLE.format(1)}"),
    (b'[{}, {"a": "b', [{}], f"expected JSON, found at character 7 of the row: Unterminated string starting at; {WHOLE.format(1)}"),
    (b'[{}, {"a" 1}' + b" " * 99 + b"]", [{}], f"expected JSON, found at character 6 of the row: Expecting ':' delimiter; {WHOLE.format(1)}"),
    (b'[{}, {"a": "\xff"}]', [{}], f"expected UTF-8, found byte 0xff at some place in this row; {WHOLE.format(1)}"),
    (b'[{"a": ' + b"[" * 99999, [], f"expected JSON, found the end of the file inside a row; {WHOLE.format(0)}"),
]  # fmt: skip


@packings
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: repr(document[0][:30]))
def test_documents(
    tmp_path: Path,
    suffix: str,
    pack: Callable[[bytes], bytes],
    document: tuple[bytes, list[object], str | None],
) -> None:
    data, values, last = document
    expected = [*values, *([last] if last else [])]
    for chunk in (1 << 16, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "_CHUNK", chunk)
            patch.setattr(chunks, "_PACKED_CHUNK", chunk)
            found = _read(tmp_path / f"r.json{suffix}", pack(data))
        assert found == list(enumerate(expected, 1))


def test_the_rows_before_a_fault_are_read_wherever_chunks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_CHUNK", 3)
    for length in range(40):
        data = json.dumps([{"a": "b" * length}])[:-1].encode() + b"\xff"
        first, (line, error) = _read(tmp_path / "r.json", data)
        assert first == (1, {"a": "b" * length})
        assert (line, str(error)[:30]) == (2, "expected UTF-8, found byte 0xf")


VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab[{"\\,:', max_size=2), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
OBJECTS = st.lists(st.dictionaries(st.text("ab", max_size=2), VALUES, max_size=3), max_size=5)


@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]), st.integers(1, 9))
@settings(deadline=None)
def test_a_window_reads_what_json_reads(
    tmp_path_factory: pytest.TempPathFactory,
    objects: list[dict[str, Any]],
    ascii_only: bool,  # noqa: FBT001 - drawn
    indent: int | None,
    chunk: int,
) -> None:
    data = json.dumps(objects, ensure_ascii=ascii_only, indent=indent).encode()
    path = tmp_path_factory.getbasetemp() / "window.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_CHUNK", chunk)
        assert [value for _, value in _read(path, data)] == objects


ROWS = [{"a": index, "b": "x" * (index % 50)} for index in range(2000)]
TEXTS = {
    "jsonl": "\n".join(map(json.dumps, ROWS)).encode(),
    "json": json.dumps(ROWS).encode(),
}


@pytest.mark.parametrize("ending", TEXTS)
@pytest.mark.parametrize(
    "archive", [(".gz", gzip.compress, "gzip"), (".zst", zstandard.compress, "zstd")]
)
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 1.0])
def test_a_truncated_archive(
    tmp_path: Path, ending: str, archive: tuple[str, Callable[[bytes], bytes], str], kept: float
) -> None:
    suffix, pack, name = archive
    packed = pack(TEXTS[ending])
    cut = packed[: min(int(len(packed) * kept), len(packed) - 1)]
    counts = set()
    for chunk in (1, 7, 1024):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "_PACKED_CHUNK", chunk)
            *before, (line, error) = _read(tmp_path / f"r.{ending}{suffix}", cut)
        assert [value for _, value in before] == ROWS[: len(before)]
        assert line == len(before) + 1
        what = "lines" if ending == "jsonl" else "rows"
        assert error == (
            f"expected more {name} data, found the end of the file at byte {len(cut)}; "
            f"{what} read before it: {len(before)}"
        )
        counts.add(len(before))
    # Whatever can be had of the archive is read: an independent decoder gives no more rows.
    if suffix == ".gz" and cut:
        plain = zlib.decompressobj(31).decompress(cut)
        counts.add(plain.count(b"\n") if ending == "jsonl" else plain.count(b"}"))
    assert len(counts) == 1


@pytest.mark.parametrize(("suffix", "name"), [(".gz", "gzip"), (".zst", "zstd")])
def test_what_is_no_archive(tmp_path: Path, suffix: str, name: str) -> None:
    [(line, error)] = _read(tmp_path / f"r.jsonl{suffix}", b'{"a": 1}\n')
    assert line == 1
    assert str(error).startswith(f"the {name} data are damaged near byte 0 of the file (")


def test_formats_by_name(tmp_path: Path) -> None:
    data = b'{"a": 1}\n{"a": 2}'
    assert _read(tmp_path / "rows.txt", data, format="jsonl") == [(1, {"a": 1}), (2, {"a": 2})]
    packed = gzip.compress(data)
    assert _read(tmp_path / "rows.GZ", packed, format="json") == [(1, {"a": 1}), (2, {"a": 2})]
    for name in ("rows.txt", "rows", "rows.gz"):
        with pytest.raises(
            DataError,
            match=r": expected one of the file formats jsonl, ndjson, json, parquet, arrow, csv, tsv, found ",
        ):
            iter_rows(tmp_path / name)
    with pytest.raises(DataError, match="expected a Parquet file, found it compressed"):
        iter_rows(tmp_path / "rows.parquet.gz")
    with pytest.raises(FileNotFoundError):
        next(iter_rows(tmp_path / "absent.jsonl"))


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_BATCH", 7)
    path = tmp_path / "r.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    assert [(row.line, row.value) for row in iter_rows(path)] == list(enumerate(ROWS, 1))

    day = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    rows = [{"t": day, "f": 1.5, "b": b"x"}, {"t": None, "f": float("nan"), "b": None}, {"f": 2.0}]
    table = pa.Table.from_pylist(rows)
    table = table.append_column(
        "m", pa.array([[("k", 1)], None, None], pa.map_(pa.string(), pa.int64()))
    )
    pq.write_table(table, path)
    assert [_brief(path, row)[1] for row in iter_rows(path)] == [
        "b: expected a JSON value, found the bytes b'x'",
        "f: expected a JSON value, found the number nan",
        {"f": 2.0},  # nulls are what Arrow fills in
    ]
    pq.write_table(table.drop_columns("b"), path)
    first = next(iter_rows(path)).value
    assert first == {"t": "2024-02-29T12:00:00+00:00", "f": 1.5, "m": {"k": 1}}


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    data = path.read_bytes()
    for damaged in (b"", b"PAR1", data[:-20], data[:20] + bytes(200) + data[220:]):
        *_, (line, error) = _read(path, damaged)
        assert line >= 1
        assert str(error).startswith("expected Parquet, found: ")
        assert str(error).endswith(f"rows read before it: {line - 1}")


@pytest.mark.parametrize(
    ("package", "name"), [("pyarrow", "r.parquet"), ("zstandard", "r.jsonl.zst")]
)
def test_a_missing_library_says_which_extra_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"needs {package}: pip install 'chatfmt\[data\]'"):
        next(iter_rows(tmp_path / name))


def test_importing_the_adapters_loads_no_optional_library() -> None:
    code = "import sys, chatfmt.adapters; print({'pyarrow', 'zstandard'} & sys.modules.keys())"
    found = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    assert found.stdout.strip() == "set()"


def test_the_adapters_know_conversations_json_and_errors_only() -> None:
    for path in Path(chunks.__file__).parent.glob("*.py"):
        imported = re.findall(
            r"^ *(?:from|import) (chatfmt[\w.]*)", path.read_text("utf-8"), re.MULTILINE
        )
        outside = {name for name in imported if not name.startswith("chatfmt.adapters")}
        below = {name for name in outside if name.startswith("chatfmt.conversation")}
        assert outside <= {*below, "chatfmt.errors", "chatfmt.json_text"}, path


def _write_large(path: Path) -> None:
    """20 MB in 20,000 rows; the Parquet file has them in one row group, as some writers do."""
    rows = [{"a": f"{index:08x}" * 125} for index in range(20_000)]
    if path.suffix == ".parquet":
        table = pa.Table.from_pylist(rows)
        pq.write_table(
            table, path, row_group_size=len(rows), compression="none", use_dictionary=False
        )
        assert path.stat().st_size > 20_000_000
        return
    lines = map(json.dumps, rows)
    in_array = ".jsonl" not in path.name
    data = ("[" + ",\n".join(lines) + "]" if in_array else "\n".join(lines)).encode()
    assert len(data) > 20_000_000
    pack = next(pack for suffix, pack in reversed(PACKINGS) if path.name.endswith(suffix))
    path.write_bytes(pack(data))


@pytest.mark.parametrize("name", ["r.jsonl", "r.json", "r.jsonl.gz", "r.json.zst", "r.parquet"])
def test_a_large_file_is_not_held(tmp_path: Path, name: str) -> None:
    _write_large(tmp_path / name)
    tracemalloc.start()
    try:
        count = sum(row.error is None for row in iter_rows(tmp_path / name))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 4_000_000
