"""Batches of examples to numbered files, each complete or not there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol

from chatfmt.corpus.arrow import pa, pq

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from chatfmt.corpus.arrow import RecordBatch, Schema, Table
    from chatfmt.corpus.folder import Folder, Note

__all__ = ["ShardWriter", "arrow_file", "parquet_file", "tokens_in"]

_GROUP_BYTES = 1 << 25
"""Arrow bytes that are written at once: a row group of a Parquet file."""


class _TableWriter(Protocol):
    def write_table(self, table: Table) -> None: ...
    def close(self) -> None: ...


def parquet_file(file: BinaryIO, schema: Schema) -> _TableWriter:
    """A Parquet file, one row group for each table.

    There are too many ids for a dictionary to be of use. Byte by byte they are compressed as well
    without one, in two thirds of the time.
    """
    numbers = pa.list_(pa.int32())
    ids = [f"{field.name}.list.element" for field in schema if field.type == numbers]
    writer: _TableWriter = pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        use_dictionary=[
            f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
            for field in schema
            if field.type != numbers
        ],
        column_encoding=dict.fromkeys(ids, "BYTE_STREAM_SPLIT"),
    )
    return writer


def arrow_file(file: BinaryIO, schema: Schema) -> _TableWriter:
    """An Arrow file, which is read again without decoding."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    writer: _TableWriter = pa.ipc.new_file(file, schema, options=options)
    return writer


def tokens_in(batch: RecordBatch) -> int:
    """How many ids there are in a batch of examples."""
    return sum(len(batch[name].values) for name in batch.schema.names if name.endswith("_ids"))


class ShardWriter:
    """Batches to numbered files. A file ends only with a batch, so that a run can go on there.

    Args:
        folder: where the files go, under their temporary names.
        name: theirs, with a place for the number: ``shard-{:05}.parquet``.
        schema: of the batches.
        open_writer: `parquet_file` or `arrow_file`.
        shard_tokens: ids after which a file is full.
        shards: how many there are already.
    """

    def __init__(
        self,
        folder: Folder,
        name: str,
        schema: Schema,
        open_writer: Callable[[BinaryIO, Schema], _TableWriter],
        *,
        shard_tokens: int,
        shards: int = 0,
    ) -> None:
        self._folder, self._name, self._schema = folder, name, schema
        self._open_writer = open_writer
        self._shard_tokens = shard_tokens
        self.shards = shards
        self._waiting: list[RecordBatch] = []
        self._bytes = self._tokens = 0
        self._shard: contextlib.ExitStack | None = None
        self._file: Any = None
        self._writer: Any = None
        self.complete: dict[str, Note] = {}
        """What there is to note of the files that are complete, by their names."""

    def write(self, batch: RecordBatch) -> bool:
        """Add a batch; whether that has completed a file."""
        self._waiting.append(batch)
        self._bytes += batch.nbytes
        self._tokens += tokens_in(batch)
        if self._bytes >= _GROUP_BYTES:
            self._flush()
        if self._tokens >= self._shard_tokens:
            self.finish()
            return True
        return False

    def finish(self) -> None:
        """Complete the file that has begun, if one has."""
        self._flush()
        if self._shard is not None:
            self._shard.close()
            self._shard = None
            name = self._name.format(self.shards)
            self.complete[name] = self._folder.notes[name]
            self.shards += 1
        self._tokens = 0

    def abandon(self) -> None:
        """Leave nothing of the file that has begun."""
        self._waiting.clear()
        shard, self._shard = self._shard, None
        if shard is not None:
            with contextlib.suppress(_Abandoned):
                shard.__exit__(_Abandoned, _Abandoned(), None)

    def _flush(self) -> None:
        rows = sum(batch.num_rows for batch in self._waiting)
        if rows:
            if self._shard is None:
                self._begin()
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
            self._file.rows += rows
        self._waiting, self._bytes = [], 0

    def _begin(self) -> None:
        name = self._name.format(self.shards)
        with contextlib.ExitStack() as stack:
            self._file = stack.enter_context(self._folder.writing(name))
            self._file.rows = 0
            self._writer = self._open_writer(self._file, self._schema)
            stack.callback(self._writer.close)
            self._shard = stack.pop_all()


class _Abandoned(Exception):  # noqa: N818 - no error: it takes the way of one
    """What is thrown into a file that is not to be."""
