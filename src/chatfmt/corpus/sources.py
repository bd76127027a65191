"""The rows of a mixture as raw text, in order: they are parsed where they are encoded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.adapters import FILE_FORMATS, SCHEMAS, Row
from chatfmt.adapters.chunks import Access, Damaged, chunks, file_kind, lines, too_long
from chatfmt.adapters.document import document_rows, read_document
from chatfmt.adapters.readers import read_lines, read_path
from chatfmt.adapters.rows import bad_row
from chatfmt.adapters.strict import StrictJSON
from chatfmt.corpus.arrow import pa
from chatfmt.corpus.inputs import Inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatfmt.adapters import Mixture, Schema, Source
    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["RAW", "RawRow", "batches", "raw_rows"]

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


def raw_rows(mixture: Mixture, inputs: Inputs | None = None) -> Iterator[RawRow]:
    """The rows of a mixture; with a seed, the next source is drawn row by row.

    Args:
        mixture: the rows.
        inputs: its files, which are watched; None watches them from now on.

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

    Raises:
        InputChangedError: a file has changed since it was first looked at.
        DataError: a pattern has no files.
        OSError: a file is not there.
    """
    watched = inputs or Inputs(mixture)
    return mixture.mixed(
        [_source_rows(source, mixture.folder, watched) for source in mixture.sources]
    )


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


def _source_rows(source: Source, folder: Path, inputs: Inputs) -> Iterator[RawRow]:
    access = Access(inputs.open, source.options.longest_row)
    for _ in range(source.repeat):
        for name in source.files(folder):
            texts: dict[int, bytes] = {}
            rows: Iterable[Row] = _file_rows(folder / name, source, access, texts)
            for schema in _gathering(source):
                rows = schema.gather(rows)  # type: ignore[misc]
            for row in rows:
                yield _raw(source.name, name, row, texts.get(row.line))
            inputs.ended(name)


# Raw text that passes by what gathers rows: as a row with one member of a name that no row has.
_TEXT = "\0text"


def _raw(source: str, file: str, row: Row, text: bytes | None) -> RawRow:
    value, error = row.value, row.error
    if value is None:
        field = f"{error.field}: " if error and error.field else ""
        reason = f"{field}{error.reason if error else ''}"
        return RawRow(source, file, row.line, text, error=reason)
    if _TEXT in value:
        return RawRow(source, file, row.line, value[_TEXT])
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return RawRow(source, file, row.line, text, fits=True)


def _gathering(source: Source) -> list[Schema]:
    schemas = SCHEMAS.values() if source.schema_name is None else [SCHEMAS[source.schema_name]]
    return [schema for schema in schemas if schema.gather is not None]


def _file_rows(
    path: Path, source: Source, access: Access, texts: dict[int, bytes]
) -> Iterator[Row]:
    """The rows of a file, their text unread unless it may have to be gathered.

    The texts of those that may have to be are kept, for they may be refused one by one.
    """
    last = 0
    try:
        for row in _read(path, source, access, texts):
            last = row.line
            yield row
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror}); the {last} rows before are, no more"
        yield bad_row(str(path), last + 1, reason)


def _read(path: Path, source: Source, access: Access, texts: dict[int, bytes]) -> Iterator[Row]:
    ending, _ = file_kind(path)
    texts_of = _TEXTS.get(FILE_FORMATS.get(source.file_format or ending))
    if texts_of is None:
        yield from _whole(read_path(path, source.file_format, access), source)
        return
    marks = [
        [key.encode() for key in mark] for schema in _gathering(source) for mark in schema.marks
    ]
    # One key of each mark: where none of them stands, there is no mark, and no more to look at.
    telling = {max(mark, key=len) for mark in marks}
    strict, file = StrictJSON(), str(path)
    for number, text in texts_of(path, access):
        if isinstance(text, Row):
            yield text
            continue
        for key in telling:
            if key in text:
                break
        else:
            yield Row(file, number, {_TEXT: text})
            continue
        if any(all(key in text for key in mark) for mark in marks):
            row = strict.line(file, number, text)
            if row.value is not None and source.fits(row.value):
                texts[number] = text
                yield row
                continue
        yield Row(file, number, {_TEXT: text})


def _line_texts(path: Path, access: Access) -> Iterator[tuple[int, bytes | Row]]:
    """The lines of a file with their numbers; in place of one that cannot be had, why not."""
    number, file, longest = 0, str(path), access.longest_row
    try:
        for number, line in enumerate(lines(chunks(path, file_kind(path)[1], access), longest), 1):
            if isinstance(line, int):
                yield number, bad_row(file, number, too_long(longest, f"{line:,}"))
            else:
                yield number, line
    except Damaged as damage:
        reason = f"{damage}; the {number} lines before are read, no more"
        yield number + 1, bad_row(file, number + 1, reason)


def _document_texts(path: Path, access: Access) -> Iterator[tuple[int, bytes | Row]]:
    """The same for the objects of a JSON document."""
    for row, text in document_rows(path, file_kind(path)[1], access):
        yield row.line, row if text is None else text.encode()


_TEXTS: dict[object, Callable[[Path, Access], Iterator[tuple[int, bytes | Row]]]] = {
    read_lines: _line_texts,
    read_document: _document_texts,
}
"""For what reads a file: what gives its rows as they stand there."""


def _whole(rows: Iterator[Row], source: Source) -> Iterator[Row]:
    """Rows that had to be read to be found; those that do not fit are reported later."""
    for row in rows:
        if row.value is None or source.fits(row.value):
            yield row
        else:
            yield row._replace(value={_TEXT: json.dumps(row.value, ensure_ascii=False).encode()})
