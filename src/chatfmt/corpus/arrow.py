"""pyarrow, which comes with an extra and has no types: the only place that imports it."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeAlias

__all__ = [
    "Array",
    "Field",
    "RecordBatch",
    "Schema",
    "Table",
    "from_ipc",
    "pa",
    "pc",
    "pq",
    "to_ipc",
]

Array: TypeAlias = Any
Field: TypeAlias = Any
RecordBatch: TypeAlias = Any
Table: TypeAlias = Any
Schema: TypeAlias = Any


def _pyarrow(name: str) -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(name)
    except ImportError:
        message = "a corpus needs pyarrow: pip install 'chatfmt[data]'"
        raise ImportError(message, name="pyarrow") from None


pa, pc, pq = map(_pyarrow, ("pyarrow", "pyarrow.compute", "pyarrow.parquet"))


def to_ipc(*batches: RecordBatch) -> bytes:
    """Record batches as bytes, each a stream of its own, one behind the other."""
    sink = pa.BufferOutputStream()
    for batch in batches:
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def from_ipc(data: bytes) -> tuple[RecordBatch, ...]:
    """The batches of `to_ipc`, without copying: they keep the bytes alive."""
    source, batches = pa.BufferReader(data), []
    while source.tell() < len(data):
        batches.append(pa.ipc.open_stream(source).read_next_batch())
        # The reader stops at the batch; the end of the stream, eight bytes, is still to come.
        source.seek(source.tell() + _END_OF_STREAM)
    return tuple(batches)


_END_OF_STREAM = 8
"""Bytes of the marker that ends an Arrow stream: a continuation and a length of 0.

Source: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
"""
