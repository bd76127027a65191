r"""Writes batches of examples to other kinds of files than those of a corpus.

Sources: ``.npy``: NEP 1, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html;
Arrow folders: the files that ``Dataset.load_from_disk`` of `datasets` reads (``state.json``,
``dataset_info.json``, streams of Arrow); Megatron: megatron/core/datasets/indexed_dataset.py
(``MMIDIDX\0\0``, version, code of the type, counts, lengths, offsets in bytes, documents).
"""

from __future__ import annotations

import hashlib
import json
import struct
from array import array
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from chatfmt.corpus.arrow import pa, pq
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from chatfmt.corpus.arrow import Field, RecordBatch, Schema

__all__ = ["WRITERS"]


def _write_jsonl(folder: Path, _schema: Schema, batches: Iterable[RecordBatch]) -> int:
    rows = 0
    with (folder / "data.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for batch in batches:
            for row in batch.to_pylist():
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            rows += batch.num_rows
    return rows


def _write_parquet(folder: Path, schema: Schema, batches: Iterable[RecordBatch]) -> int:
    rows = 0
    with pq.ParquetWriter(folder / "data.parquet", schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch.cast(schema))
            rows += batch.num_rows
    return rows


def _write_arrow(folder: Path, schema: Schema, batches: Iterable[RecordBatch]) -> int:
    rows, name = 0, "data-00000-of-00001.arrow"
    with pa.ipc.new_stream(str(folder / name), schema) as writer:
        for batch in batches:
            writer.write_batch(batch.cast(schema))
            rows += batch.num_rows
    digest = hashlib.sha256()
    with (folder / name).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    state: dict[str, Any] = {
        "_data_files": [{"filename": name}],
        "_fingerprint": digest.hexdigest()[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (folder / "state.json").write_text(json.dumps(state, indent=1) + "\n", "utf-8")
    (folder / "dataset_info.json").write_text("{}\n", "utf-8")
    return rows


# ---- one file of numbers for each column


def _numbers(schema: Schema) -> list[Field]:
    """The columns with lists of numbers.

    Raises:
        DataError: there are none.
    """
    found = [
        field
        for field in schema
        if pa.types.is_list(field.type) and not pa.types.is_string(field.type.value_type)
    ]
    if not found:
        raise DataError("expected columns of lists of numbers, found none")
    return found


_HEADER = 128  # bytes; it says how many numbers follow, which is known only at the end
_NPY = {"int32": "<i4", "float": "<f4", "int8": "|i1", "int64": "<i8"}


def _npy_header(kind: str, count: int) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({count},), }}"
    size = _HEADER - 10
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", size) + f"{text:<{size - 1}}\n".encode()


def _write_npy(folder: Path, schema: Schema, batches: Iterable[RecordBatch]) -> int:
    """Write the numbers of each column, row after row, and where each row ends."""
    fields = _numbers(schema)
    counts = dict.fromkeys((field.name for field in fields), 0)
    offsets = {field.name: array("q", [0]) for field in fields}
    rows = 0
    with ExitStack() as stack:
        files = {name: stack.enter_context((folder / f"{name}.npy").open("wb")) for name in counts}
        for file in files.values():
            file.write(bytes(_HEADER))
        for batch in batches:
            rows += batch.num_rows
            for name, file in files.items():
                column = batch[name]
                file.write(_bytes(column.flatten()))
                for length in column.value_lengths().to_pylist():
                    counts[name] += length
                    offsets[name].append(counts[name])
        for field in fields:
            files[field.name].seek(0)
            kind = _NPY[str(field.type.value_type)]
            files[field.name].write(_npy_header(kind, counts[field.name]))
    for name, ends in offsets.items():
        with (folder / f"{name}.offsets.npy").open("wb") as file:
            file.write(_npy_header("<i8", len(ends)))
            file.write(ends.tobytes())
    sidecar = {"rows": rows, "numbers": counts, "columns": [field.name for field in fields]}
    (folder / "index.json").write_text(json.dumps(sidecar, indent=1) + "\n", "utf-8")
    return rows


def _bytes(values: Any) -> bytes:  # noqa: ANN401 - an Arrow array of numbers without nulls
    width = values.type.bit_width // 8
    data = values.buffers()[1]
    if data is None:
        return b""
    start = values.offset * width
    return data.slice(start, len(values) * width).to_pybytes()  # type: ignore[no-any-return]


_MEGATRON = {"int8": 2, "int32": 4, "int64": 5, "float": 7}
"""Megatron's codes for types of numbers."""


def _write_megatron(folder: Path, schema: Schema, batches: Iterable[RecordBatch]) -> int:
    """Write each column's numbers (``.bin``), and the lengths and places of its rows (``.idx``)."""
    fields = _numbers(schema)
    lengths = {field.name: array("i") for field in fields}
    with ExitStack() as stack:
        files = {name: stack.enter_context((folder / f"{name}.bin").open("wb")) for name in lengths}
        for batch in batches:
            for name, file in files.items():
                file.write(_bytes(batch[name].flatten()))
                lengths[name].extend(batch[name].value_lengths().to_pylist())
    for field in fields:
        width = field.type.value_type.bit_width // 8
        sizes = lengths[field.name]
        places = array("q")
        place = 0
        for size in sizes:
            places.append(place)
            place += size * width
        documents = array("q", range(len(sizes) + 1))
        with (folder / f"{field.name}.idx").open("wb") as file:
            code = _MEGATRON[str(field.type.value_type)]
            file.write(b"MMIDIDX\x00\x00")
            file.write(struct.pack("<QBQQ", 1, code, len(sizes), len(documents)))
            for part in (sizes, places, documents):
                file.write(part.tobytes())
    return len(lengths[fields[0].name])


WRITERS: dict[str, Callable[[Path, Schema, Iterable[RecordBatch]], int]] = {
    "jsonl": _write_jsonl,
    "arrow": _write_arrow,
    "npy": _write_npy,
    "megatron": _write_megatron,
    "parquet": _write_parquet,
}
"""Kind of files to its writer, which writes into a folder and returns the number of rows."""
