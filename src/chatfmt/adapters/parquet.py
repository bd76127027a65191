"""Read the rows of a Parquet or Arrow file as JSON values."""

from __future__ import annotations

import math
from datetime import date, time
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.chunks import Access, FilePath, Unpacker, optional, too_long
from chatfmt.adapters.fields import Field
from chatfmt.adapters.rows import Row, bad_row
from chatfmt.conversation.reading import odd_key
from chatfmt.errors import DataError, named, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["read_arrow", "read_parquet"]

_BATCH = 256  # rows decoded at once
_BUFFER = 1 << 16  # bytes of a column read at once


def read_parquet(path: FilePath, unpacker: Unpacker | None, access: Access) -> Iterator[Row]:
    """The rows of a Parquet file.

    Raises:
        DataError: the file is compressed as a whole; raised immediately.
        ImportError: pyarrow is not installed.
    """
    _refuse_packed(path, unpacker, "a Parquet file")
    parquet = optional("pyarrow.parquet")

    def batches(source: Any) -> Iterator[Any]:  # noqa: ANN401 - a file, Arrow's batches
        # By default whole row groups are read ahead, and a file may be one row group.
        whole = parquet.ParquetFile(source, buffer_size=_BUFFER, pre_buffer=False)
        yield from whole.iter_batches(batch_size=_BATCH)

    return _rows(path, access, "Parquet", batches)


def read_arrow(path: FilePath, unpacker: Unpacker | None, access: Access) -> Iterator[Row]:
    """The rows of an Arrow stream or file, such as ``save_to_disk`` of `datasets` writes.

    Raises:
        DataError: the file is compressed as a whole; raised immediately.
        ImportError: pyarrow is not installed.
    """
    _refuse_packed(path, unpacker, "an Arrow file")
    pyarrow = optional("pyarrow")

    def batches(source: Any) -> Iterator[Any]:  # noqa: ANN401 - a file, Arrow's batches
        is_file = source.read(len(_MAGIC)) == _MAGIC
        source.seek(0)
        if is_file:
            file = pyarrow.ipc.open_file(source)
            parts = (file.get_batch(number) for number in range(file.num_record_batches))
        else:
            parts = pyarrow.ipc.open_stream(source)
        for part in parts:
            for start in range(0, part.num_rows, _BATCH):
                yield part.slice(start, _BATCH)

    return _rows(path, access, "Arrow", batches)


_MAGIC = b"ARROW1"  # https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format


def _refuse_packed(path: FilePath, unpacker: Unpacker | None, what: str) -> None:
    if unpacker is not None:
        message = f"expected {what}, found it compressed as a whole: decompress it first"
        raise DataError(message, str(path))


def _rows(
    path: FilePath, access: Access, what: str, batches: Callable[[Any], Iterator[Any]]
) -> Iterator[Row]:
    pyarrow = optional("pyarrow")
    file, number = str(path), 1
    with access.open(path) as source:
        try:
            for batch in batches(source):
                if twice := _twice(batch.schema.names):
                    reason = f"expected each column once, found {named(twice)} twice: rename one"
                    yield bad_row(file, number, reason)
                    return
                for value in _values(batch, access.longest_row):
                    if isinstance(value, int):
                        reason = too_long(access.longest_row, f"{value:,}")
                        yield bad_row(file, number, reason)
                    elif isinstance(value, Exception):
                        reason = f"expected values that Python has, too, found: {said(value)}"
                        yield bad_row(file, number, reason)
                    else:
                        yield _plain_row(file, number, value)
                    number += 1
        except (pyarrow.ArrowException, OSError) as error:
            reason = f"expected {what}, found: {error}; rows read before it: {number - 1}"
            yield bad_row(file, number, reason)


def _twice(names: list[str]) -> str | None:
    """A name that stands twice; of two members of one name, a dict would keep the last."""
    return next((name for at, name in enumerate(names) if name in names[:at]), None)


# What Arrow raises for a value that Python does not have: keys of a map or members of a struct of
# one name, a date after the year 9999, bytes in a text column that are not UTF-8.
_NO_VALUE = (KeyError, OverflowError, ValueError)


def _values(
    batch: Any,  # noqa: ANN401 - Arrow's
    longest: int,
) -> Iterator[dict[str, Any] | int | Exception]:
    """The rows of a batch.

    One that is too long is replaced by its size in bytes, and one that Python cannot have by the
    error.
    """
    if batch.nbytes <= longest:
        try:
            values = batch.to_pylist(maps_as_pydicts="strict")
        except _NO_VALUE:  # of one of its rows: the others are read, one by one
            pass
        else:
            yield from values
            return
    for index in range(batch.num_rows):
        row = batch.slice(index, 1)
        if row.nbytes > longest:
            yield row.nbytes
            continue
        try:
            [value] = row.to_pylist(maps_as_pydicts="strict")
        except _NO_VALUE as error:
            yield error
        else:
            yield value


def _plain_row(file: str, number: int, value: dict[str, Any]) -> Row:
    """The row as JSON: without nulls, dates as ISO 8601 text; bytes are refused."""
    try:
        return Row(file, number, _plain(Field(value)))
    except DataError as error:
        return bad_row(file, number, error.reason, error.field)


def _plain(field: Field) -> Any:  # noqa: ANN401 - any JSON value
    match field.value:
        case None | bool() | int() | str():
            return field.value
        case float() if math.isfinite(field.value):
            return field.value
        case dict() as members:
            for key in members:
                if reason := odd_key(key):  # of a map
                    raise field.error(reason)
            # A member that one row has is null in rows without it.
            return {
                key: _plain(Field(item, f".{key}", field))
                for key, item in members.items()
                if item is not None
            }
        case list() as items:
            return [_plain(Field(item, f"[{i}]", field)) for i, item in enumerate(items)]
        case date() | time():
            return field.value.isoformat()
    raise field.expected("a JSON value")
