"""Stream the rows of files: JSON Lines, JSON, CSV (all three also compressed), Parquet, Arrow.

An unusable row is returned with an error, and reading continues with the next one. If it cannot
continue (a damaged archive, a JSON array that ends early), the error is the last row, after all
complete rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.adapters.chunks import (
    LONGEST_ROW,
    Access,
    Damaged,
    chunks,
    file_kind,
    lines,
    too_long,
)
from chatfmt.adapters.document import read_document
from chatfmt.adapters.parquet import read_arrow, read_parquet
from chatfmt.adapters.rows import bad_row
from chatfmt.adapters.store import located
from chatfmt.adapters.strict import StrictJSON
from chatfmt.adapters.table_text import read_csv, read_tsv
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatfmt.adapters.chunks import FilePath, Unpacker
    from chatfmt.adapters.rows import Row

__all__ = ["FILE_FORMATS", "iter_rows", "read_lines", "read_path"]


def iter_rows(
    path: str | Path, *, format: str | None = None, longest_row: int = LONGEST_ROW
) -> Iterator[Row]:
    r"""The rows of a file, one at a time, in order.

    Args:
        path: a file, or its URL, such as ``s3://bucket/rows.jsonl``, which fsspec reads. It is
            named ``*.jsonl`` (or ``.ndjson``), ``*.json``, ``*.csv``, ``*.tsv``, ``*.parquet`` or
            ``*.arrow``; all but the last two also with ``.gz`` or ``.zst`` appended. A ``.json``
            file holds one array of objects, or objects one after the other, or one conversation as
            a list of messages.
        format: one of these endings, without its dot, for a file with another name.
        longest_row: the largest row, in bytes. A longer one is refused without being held in
            memory, and the rest of the file is read.

    Raises:
        DataError: the format of the file is unknown; raised immediately.

    In JSON Lines only ``"\n"`` ends a line: U+2028 is text. Invalid JSON or UTF-8, a key that
    appears twice in one object, NaN and Infinity, and more than 200 levels of nesting are refused.
    Only one row of a file, or one batch of a Parquet file, is in memory at a time.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.jsonl")
    ...     _ = path.write_text('{"prompt": "2+2?"}\n{"prompt": NaN}\n')
    ...     [(row.line, row.value, row.error and row.error.reason) for row in iter_rows(path)]
    [(1, {'prompt': '2+2?'}, None), (2, None, 'expected JSON, found the constant NaN')]
    """
    return read_path(located(Path(), path), format, Access(longest_row=longest_row))


def read_path(path: FilePath, format: str | None, access: Access) -> Iterator[Row]:
    """`iter_rows` for a file that ``access`` opens."""
    ending, unpacker = file_kind(path)
    name = format or ending
    if name not in FILE_FORMATS:
        known = ", ".join(FILE_FORMATS)
        raise DataError(f"expected one of the file formats {known}, found {shown(name)}", str(path))
    return FILE_FORMATS[name](path, unpacker, access)


def read_lines(path: FilePath, unpacker: Unpacker | None, access: Access) -> Iterator[Row]:
    """The rows of a file of JSON Lines."""
    file, strict, number, longest = str(path), StrictJSON(), 0, access.longest_row
    try:
        for number, line in enumerate(lines(chunks(path, unpacker, access), longest), 1):
            if isinstance(line, int):
                yield bad_row(file, number, too_long(longest, f"{line:,}"))
            else:
                yield strict.line(file, number, line)
    except Damaged as damage:
        yield bad_row(file, number + 1, f"{damage}; lines read before it: {number}")


FILE_FORMATS: dict[str, Callable[[FilePath, Unpacker | None, Access], Iterator[Row]]] = {
    "jsonl": read_lines,
    "ndjson": read_lines,
    "json": read_document,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "csv": read_csv,
    "tsv": read_tsv,
}
"""The reader for each ending of a file's name."""
