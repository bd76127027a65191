"""Parquet files made of row groups that are written separately, by the workers that encoded them.

The bytes of a row group do not depend on where they are; only the footer says that. So the maker of
a row group returns its bytes and its entry for a footer, and the writer of the file appends the
bytes and keeps the entry. The file is identical to the one that pyarrow writes when it is given the
same tables one after another.

This is done by hand because pyarrow writes only tables, and its ``FileMetaData.append_row_groups``
joins footers without moving the places of pages, so a row group cannot be taken over unchanged.
Whole files from workers would end where a worker's batch does, and could not keep ``shard_tokens``.

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
"""Size in bytes of the end after a footer: the footer's length, and `_MAGIC`."""

# Fields of the structs of a footer.
_ROWS, _GROUPS = 3, 4  # of FileMetaData
_COLUMNS, _OF_GROUP, _START, _ORDINAL = 1, 3, 5, 7  # of RowGroup
_DATA = 3  # of ColumnChunk
_PLACES = (9, 10, 11, 14)
"""Of ColumnMetaData: the offsets of data pages, an index, a dictionary, and a filter."""


def _writer(sink: Any, schema: Schema) -> Any:  # noqa: ANN401 - pyarrow's
    """A writer of row groups and footers.

    Ids have too many different values for a dictionary to help. Split byte by byte, they compress
    as well without one, in two thirds of the time.
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
    """A file with one table or none, as the bytes between its magic words, and its footer."""
    sink = pa.BufferOutputStream()
    with _writer(sink, schema) as writer:
        if table is not None:
            writer.write_table(table)
    data = memoryview(sink.getvalue())
    end = len(data) - _TAIL
    start = end - int.from_bytes(data[end : end + 4], "little")
    return bytes(data[len(_MAGIC) : start]), read(bytes(data[start:end]))


def row_groups(table: Table) -> tuple[bytes, list[Struct]]:
    """A table as row groups, nearly always one, with an entry for a footer for each.

    >>> from chatfmt.corpus.arrow import pa
    >>> ids = pa.array([[1, 2], [3]], pa.list_(pa.int32()))
    >>> data, [group] = row_groups(pa.table({"input_ids": ids}))
    >>> group[3][1]  # rows
    2
    """
    data, footer = _written(table.schema.remove_metadata(), table)
    return data, footer[_GROUPS][1][1]


class ParquetFile:
    """A Parquet file that is made of row groups.

    Args:
        file: an empty file.
        schema: the schema of the tables, with the metadata for the file.
    """

    def __init__(self, file: BinaryIO, schema: Schema) -> None:
        self._file, self._schema = file, schema
        self._groups: list[Struct] = []
        file.write(_MAGIC)
        self._size = len(_MAGIC)

    def add(self, data: bytes, groups: list[Struct]) -> None:
        """Append a result of `row_groups`; its structs are changed."""
        moved = self._size - len(_MAGIC)
        for group in groups:
            group.pop(_ORDINAL, None)  # it is optional, and pyarrow leaves it out
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
