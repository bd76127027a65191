"""The rows of a mixture as raw text, in order; they are parsed where they are encoded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from chatfmt.adapters import FILE_FORMATS, SCHEMAS, Row
from chatfmt.adapters.chunks import (
    Access,
    Damaged,
    chunks,
    file_kind,
    line_blocks,
    too_long,
)
from chatfmt.adapters.document import document_rows, read_document
from chatfmt.adapters.readers import read_lines, read_path
from chatfmt.adapters.rows import bad_row
from chatfmt.adapters.store import located
from chatfmt.adapters.strict import StrictJSON
from chatfmt.corpus.inputs import Inputs
from chatfmt.corpus.raw import Block, RawRow, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatfmt.adapters import Mixture, Schema, Source
    from chatfmt.adapters.chunks import FilePath
    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["raw_batches", "raw_rows"]


def raw_rows(mixture: Mixture, inputs: Inputs | None = None) -> Iterator[RawRow]:
    """The rows of a mixture; if it has a seed, the source of each row is drawn at random.

    Args:
        mixture: the rows.
        inputs: its files, which are being watched; None watches them from now on.

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
        DataError: no file matches a pattern.
        OSError: a file does not exist.
    """
    return _one_by_one(_blocks(mixture, inputs or Inputs(mixture)))


def _blocks(mixture: Mixture, inputs: Inputs) -> Iterator[RawRow | Block]:
    streams = [_source_rows(source, mixture.folder, inputs) for source in mixture.sources]
    if mixture.seed is not None:
        streams = list(map(_one_by_one, streams))
    return mixture.mixed(streams)


def _one_by_one(rows: Iterable[RawRow | Block]) -> Iterator[RawRow]:
    for row in rows:
        if isinstance(row, Block):
            yield from row.rows()
        else:
            yield row


def raw_batches(mixture: Mixture, inputs: Inputs) -> Iterator[RecordBatch]:
    """The `batches` of `raw_rows`; rows that need no parsing here cost little.

    The arguments and the errors are those of `raw_rows`.
    """
    return batches(_blocks(mixture, inputs))


def _source_rows(source: Source, folder: Path, inputs: Inputs) -> Iterator[RawRow | Block]:
    access = Access(inputs.open, source.options.longest_row)
    for _ in range(source.repeat):
        for name in source.files(folder):
            texts: dict[int, bytes] = {}
            rows: Iterable[Row] = _file_rows(located(folder, name), source, access, texts)
            for schema in _gathering(source):
                rows = schema.gather(rows)  # type: ignore[misc]
            for row in rows:
                yield _raw(source.name, name, row, texts)
            inputs.ended(name)


# Raw texts that bypass gathering are passed as a row with one member whose name no row has.
_TEXTS = "\0texts"


def _raw(source: str, file: str, row: Row, texts: dict[int, bytes]) -> RawRow | Block:
    value, error = row.value, row.error
    if value is None:
        field = f"{error.field}: " if error and error.field else ""
        reason = f"{field}{error.reason if error else ''}"
        return RawRow(source, file, row.line, texts.get(row.line), error=reason)
    if _TEXTS in value:
        return Block(source, file, row.line, value[_TEXTS])
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return RawRow(source, file, row.line, text, fits=True)


def _gathering(source: Source) -> list[Schema]:
    schemas = SCHEMAS.values() if source.schema_name is None else [SCHEMAS[source.schema_name]]
    return [schema for schema in schemas if schema.gather is not None]


def _file_rows(
    path: FilePath, source: Source, access: Access, texts: dict[int, bytes]
) -> Iterator[Row]:
    """The rows of a file, with texts unread unless they may have to be gathered.

    The texts of rows that may be gathered are kept, because they may be refused one by one.
    """
    last = 0
    try:
        for row in _read(path, source, access, texts):
            last = row.line + len((row.value or {}).get(_TEXTS, " ")) - 1
            yield row
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror}); rows read before it: {last}"
        yield bad_row(str(path), last + 1, reason)


def _read(path: FilePath, source: Source, access: Access, texts: dict[int, bytes]) -> Iterator[Row]:
    ending, _ = file_kind(path)
    runs_of = _RUNS.get(FILE_FORMATS.get(source.file_format or ending))
    if runs_of is None:
        yield from _whole(read_path(path, source.file_format, access), source)
        return
    marks = _Marks(source, str(path), texts)
    for first, run in runs_of(path, access):
        if isinstance(run, Row):
            yield run
            continue
        plain = 0
        for at in [at for at, text in enumerate(run) if marks.joiner in text]:
            row = marks.row(first + at, run[at])
            if row is not None:
                if plain < at:
                    yield Row(str(path), first + plain, {_TEXTS: run[plain:at]})
                yield row
                plain = at + 1
        if plain < len(run):
            yield Row(str(path), first + plain, {_TEXTS: run[plain:]})


class _Marks:
    """Finds the rows that have to be read here because they may have to be gathered."""

    def __init__(self, source: Source, file: str, texts: dict[int, bytes]) -> None:
        self._source, self._file, self._texts = source, file, texts
        self._strict = StrictJSON()
        self._marks = [
            [key.encode() for key in mark] for schema in _gathering(source) for mark in schema.marks
        ]
        # The longest key of each mark: a text without any of them has no mark.
        self._telling = {max(mark, key=len) for mark in self._marks}
        # Looking for a byte is ten times as fast as looking for a word.
        self.joiner = b"_" if all(b"_" in key for key in self._telling) else b""
        """Bytes that a text must contain to be worth a look."""

    def row(self, number: int, text: bytes) -> Row | None:
        """The row of a text that has a mark and passes the filter; the text is kept."""
        if any(map(text.__contains__, self._telling)) and any(
            all(key in text for key in mark) for mark in self._marks
        ):
            row = self._strict.line(self._file, number, text)
            if row.value is not None and self._source.fits(row.value):
                self._texts[number] = text
                return row
        return None


_Runs: TypeAlias = "Iterator[tuple[int, list[bytes] | Row]]"


def _line_runs(path: FilePath, access: Access) -> _Runs:
    """Consecutive lines of a file, with the number of the first.

    A line that cannot be read is replaced by the reason.
    """
    number, file, longest = 1, str(path), access.longest_row
    try:
        for block in line_blocks(chunks(path, file_kind(path)[1], access), longest):
            if isinstance(block, int):
                yield number, bad_row(file, number, too_long(longest, f"{block:,}"))
                number += 1
            else:
                yield number, block
                number += len(block)
    except Damaged as damage:
        reason = f"{damage}; lines read before it: {number - 1}"
        yield number, bad_row(file, number, reason)


def _document_runs(path: FilePath, access: Access) -> _Runs:
    """The same for the objects of a JSON document."""
    for row, text in document_rows(path, file_kind(path)[1], access):
        yield row.line, row if text is None else [text.encode()]


_RUNS: dict[object, Callable[[FilePath, Access], _Runs]] = {
    read_lines: _line_runs,
    read_document: _document_runs,
}
"""For each reader of files, the function that gives its rows unchanged."""


def _whole(rows: Iterator[Row], source: Source) -> Iterator[Row]:
    """Rows that had to be parsed to be found; those that do not fit are reported later."""
    for row in rows:
        if row.value is None or source.fits(row.value):
            yield row
        else:
            text = json.dumps(row.value, ensure_ascii=False).encode()
            yield row._replace(value={_TEXTS: [text]})
