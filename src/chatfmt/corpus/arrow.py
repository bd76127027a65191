"""pyarrow, which comes with an extra and has no types; only this module imports it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def to_ipc(batch: RecordBatch, compression: str | None = None) -> bytes:
    """A batch as bytes in a stream of its own; several of these may follow each other."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def from_ipc(source: Any) -> Iterator[RecordBatch]:  # noqa: ANN401 - bytes, or a file of Arrow's
    """The batches of `to_ipc`. Those read from bytes are not copied, and keep the bytes alive."""
    file = pa.BufferReader(source) if isinstance(source, bytes) else source
    while file.tell() < file.size():
        yield from pa.ipc.open_stream(file)
