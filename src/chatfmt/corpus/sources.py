"""The rows of a mixture as raw text, in order: they are parsed where they are encoded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.adapters import FILE_FORMATS, SCHEMAS, Row, iter_rows
from chatfmt.adapters.chunks import Damaged, chunks, file_kind, lines
from chatfmt.adapters.readers import read_lines
from chatfmt.adapters.strict import StrictJSON
from chatfmt.corpus.arrow import pa
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from chatfmt.adapters import Mixture, Schema, Source
    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["RAW", "RawRow", "batches", "input_files", "raw_rows"]

RAW = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("text", pa.large_binary()),
        pa.field("fits", pa.bool_(), nullable=False),
        pa.field("error", pa.string()),
    ]
)
"""The columns of a batch of raw rows: those of `RawRow`."""

_BATCH_ROWS = 512
_BATCH_BYTES = 1 << 19


class RawRow(NamedTuple):
    """A row as it stands in its file.

    >>> RawRow("sums", "sums.jsonl", 1, b'{"prompt": "2+2?"}').error is None
    True
    """

    source: str
    """The name of a source of the mixture."""
    file: str
    line: int
    """1-based: the line in JSON Lines, the number of the row elsewhere."""
    text: bytes | None
    """The JSON of the row; None where it could not be had."""
    fits: bool = False
    """Whether the source's ``where`` has been asked already, and lets it pass."""
    error: str | None = None
    """Why it cannot be used."""


def input_files(mixture: Mixture) -> list[tuple[str, int, int]]:
    """Name, bytes and time of change (ns) of each file of a mixture, in order.

    Raises:
        DataError: a pattern has no files.
        OSError: a file is not there.
    """
    names = (name for source in mixture.sources for name in source.files(mixture.folder))
    stats = ((name, (mixture.folder / name).stat()) for name in names)
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def raw_rows(mixture: Mixture) -> Iterator[RawRow]:
    """The rows of a mixture; with a seed, the next source is drawn row by row.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from chatfmt.adapters import Mixture
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "sums.jsonl").write_text('{"prompt": "2+2?", "completion": "4"}')
    ...     mixture = Mixture(source=[{"name": "sums", "paths": ["sums.jsonl"]}], folder=folder)
    ...     [row] = raw_rows(mixture)
    >>> row.source, row.line
    ('sums', 1)
    """
    return mixture.mixed([_source_rows(source, mixture.folder) for source in mixture.sources])


def batches(rows: Iterable[RawRow]) -> Iterator[RecordBatch]:
    """Rows in batches of the schema `RAW`, cut where there are enough rows or bytes.

    >>> [batch] = batches([RawRow("sums", "sums.jsonl", 1, b"{}")])
    >>> batch.num_rows
    1
    """
    taken: list[RawRow] = []
    size = 0
    for row in rows:
        taken.append(row)
        size += len(row.text or b"")
        if len(taken) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            yield _batch(taken)
            taken, size = [], 0
    if taken:
        yield _batch(taken)


def _batch(rows: list[RawRow]) -> RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, RAW.types, strict=True)]
    return pa.record_batch(arrays, schema=RAW)


def _source_rows(source: Source, folder: Path) -> Iterator[RawRow]:
    for _ in range(source.repeat):
        for name in source.files(folder):
            rows: Iterable[Row] = _file_rows(folder / name, source)
            for schema in _gathering(source):
                rows = schema.gather(rows)  # type: ignore[misc]
            for _, line, value, error in rows:
                yield _raw(source.name, name, line, value, error)


# Raw text that passes by what gathers rows: as a row with one member of a name that no row has.
_TEXT = "\0text"


def _raw(
    source: str, file: str, line: int, value: dict[str, bytes] | None, error: DataError | None
) -> RawRow:
    if value is None:
        field = f"{error.field}: " if error and error.field else ""
        return RawRow(source, file, line, None, error=f"{field}{error.reason if error else ''}")
    if _TEXT in value:
        return RawRow(source, file, line, value[_TEXT])
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return RawRow(source, file, line, text, fits=True)


def _gathering(source: Source) -> list[Schema]:
    schemas = SCHEMAS.values() if source.schema_name is None else [SCHEMAS[source.schema_name]]
    return [schema for schema in schemas if schema.gather is not None]


def _file_rows(path: Path, source: Source) -> Iterator[Row]:
    """The rows of a file, their text unread unless it may have to be gathered."""
    last = 0
    try:
        for row in _read(path, source):
            last = row.line
            yield row
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror}); the {last} rows before are, no more"
        yield Row(str(path), last + 1, None, DataError(reason))


def _read(path: Path, source: Source) -> Iterator[Row]:
    ending, unpacker = file_kind(path)
    if FILE_FORMATS.get(source.file_format or ending) is not read_lines:
        yield from _whole(iter_rows(path, format=source.file_format), source)
        return
    marks = [
        [key.encode() for key in mark] for schema in _gathering(source) for mark in schema.marks
    ]
    strict, number, file = StrictJSON(), 0, str(path)
    try:
        for number, line in enumerate(lines(chunks(path, unpacker)), 1):
            if any(all(key in line for key in mark) for mark in marks):
                row = strict.line(file, number, line)
                if row.value is not None and source.fits(row.value):
                    yield row
                    continue
            yield Row(file, number, {_TEXT: line})
    except Damaged as damage:
        reason = f"{damage}; the {number} lines before are read, no more"
        yield Row(file, number + 1, None, DataError(reason))


def _whole(rows: Iterator[Row], source: Source) -> Iterator[Row]:
    """Rows that had to be parsed to be found; those that do not fit are told later."""
    for row in rows:
        if row.value is None or source.fits(row.value):
            yield row
        else:
            yield row._replace(value={_TEXT: json.dumps(row.value, ensure_ascii=False).encode()})
