"""Parquet files of row groups that were written apart, each by whoever has encoded its rows.

The bytes of a row group stand for themselves; only the footer says where they are. So whoever makes
a row group gives its bytes, and what a footer says of them, and whoever has the file puts the bytes
behind what there is and keeps the rest for the footer. The file is the very one that pyarrow writes
when it is given the same tables one after another.

Why by hand: pyarrow writes tables only, and its ``FileMetaData.append_row_groups`` joins footers
without moving where pages begin, so a row group cannot be taken over as it is. Whole files from
workers would begin and end where a worker's batch does, and ``shard_tokens`` could not be kept.

Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.corpus.arrow import pa, pq
from chatfmt.corpus.thrift import I64, STRUCT, Struct, read, write

if TYPE_CHECKING:
    from typing import BinaryIO

    from chatfmt.corpus.arrow import Schema, Table

__all__ = ["ParquetFile", "row_groups"]

_MAGIC = b"PAR1"
_TAIL = 8
"""Bytes behind a footer: its length, and `_MAGIC`."""

# Fields of the structs of a footer.
_ROWS, _GROUPS = 3, 4  # of FileMetaData
_COLUMNS, _OF_GROUP, _START, _ORDINAL = 1, 3, 5, 7  # of RowGroup
_DATA = 3  # of ColumnChunk
_PLACES = (9, 10, 11, 14)
"""Of ColumnMetaData: where pages of data, of an index, of a dictionary, and a filter begin."""


def _writer(sink: Any, schema: Schema) -> Any:  # noqa: ANN401 - pyarrow's
    """What writes row groups and footers.

    There are too many ids for a dictionary to be of use. Byte by byte they are compressed as well
    without one, in two thirds of the time.
    """
    numbers = pa.list_(pa.int32())
    ids = [f"{field.name}.list.element" for field in schema if field.type == numbers]
    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        use_dictionary=[
            f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
            for field in schema
            if field.type != numbers
        ],
        column_encoding=dict.fromkeys(ids, "BYTE_STREAM_SPLIT"),
    )


def _written(schema: Schema, table: Table | None) -> tuple[bytes, Struct]:
    """A file of one table, or of none, as what is between its magic words, and its footer."""
    sink = pa.BufferOutputStream()
    with _writer(sink, schema) as writer:
        if table is not None:
            writer.write_table(table)
    data = memoryview(sink.getvalue())
    end = len(data) - _TAIL
    start = end - int.from_bytes(data[end : end + 4], "little")
    return bytes(data[len(_MAGIC) : start]), read(bytes(data[start:end]))


def row_groups(table: Table) -> tuple[bytes, list[Struct]]:
    """A table as row groups, nearly always one, and what a footer says of each.

    >>> from chatfmt.corpus.arrow import pa
    >>> ids = pa.array([[1, 2], [3]], pa.list_(pa.int32()))
    >>> data, [group] = row_groups(pa.table({"input_ids": ids}))
    >>> group[3][1]  # rows
    2
    """
    data, footer = _written(table.schema.remove_metadata(), table)
    return data, footer[_GROUPS][1][1]


class ParquetFile:
    """A Parquet file that is put together of row groups.

    Args:
        file: an empty one.
        schema: of the tables, with the metadata that the file is to have.
    """

    def __init__(self, file: BinaryIO, schema: Schema) -> None:
        self._file, self._schema = file, schema
        self._groups: list[Struct] = []
        file.write(_MAGIC)
        self._size = len(_MAGIC)

    def add(self, data: bytes, groups: list[Struct]) -> None:
        """Put what `row_groups` has given behind what there is; the structs are changed."""
        moved = self._size - len(_MAGIC)
        for group in groups:
            group.pop(_ORDINAL, None)  # it may be left out, and is by pyarrow
            _move(group, _START, moved)
            for column in group[_COLUMNS][1][1]:
                for place in _PLACES:
                    _move(column[_DATA][1], place, moved)
            self._groups.append(group)
        self._file.write(data)
        self._size += len(data)

    def close(self) -> None:
        """Write the footer; the file itself stays open."""
        _, footer = _written(self._schema, None)
        footer[_ROWS] = I64, sum(group[_OF_GROUP][1] for group in self._groups)
        footer[_GROUPS] = footer[_GROUPS][0], (STRUCT, self._groups)
        data = write(footer)
        self._file.write(data + len(data).to_bytes(4, "little") + _MAGIC)


def _move(struct: Struct, place: int, by: int) -> None:
    if place in struct:
        struct[place] = I64, struct[place][1] + by
