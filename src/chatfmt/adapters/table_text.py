"""Read the rows of CSV and TSV files whose first line names the columns."""

from __future__ import annotations

import csv
from functools import partial
from typing import TYPE_CHECKING

from chatfmt.adapters.chunks import (
    Access,
    Damaged,
    FilePath,
    Unpacker,
    chunks,
    lines,
    too_long,
)
from chatfmt.adapters.rows import Row, bad_row
from chatfmt.errors import shown
from chatfmt.json_text import not_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["read_csv", "read_tsv"]


def _read(
    delimiter: str, path: FilePath, unpacker: Unpacker | None, access: Access
) -> Iterator[Row]:
    """The rows of a table, one at a time; empty cells are ignored.

    A cell is text, whatever it looks like; JSON text of messages is parsed.
    """
    file, number, longest = str(path), 0, access.longest_row
    csv.field_size_limit(max(csv.field_size_limit(), longest))  # a limit of the whole process
    records = csv.reader(
        _texts(chunks(path, unpacker, access), longest), delimiter=delimiter, strict=True
    )
    try:
        names = next(records, None)
        if names is None:
            return
        if len(set(names)) < len(names) or not all(names):
            yield bad_row(file, 1, f"expected a different name for each column, found {names}")
            return
        for number, cells in enumerate(records, 1):
            if len(cells) != len(names):
                reason = f"expected {len(names)} cells, found {len(cells)}"
                yield bad_row(file, number, reason)
            else:
                pairs = zip(names, cells, strict=True)
                yield Row(file, number, {name: cell for name, cell in pairs if cell})
    except Damaged as damage:
        reason = str(damage)
    except UnicodeDecodeError as error:
        reason = not_utf8(error, "some place in this row")
    except csv.Error as error:
        reason = f"expected a table of text, found: {shown(str(error))}"
    else:
        return
    yield bad_row(file, number + 1, f"{reason}; rows read before it: {number}")


def _texts(parts: Iterator[bytes], longest: int) -> Iterator[str]:
    for number, line in enumerate(lines(parts, longest)):
        if isinstance(line, int):
            raise csv.Error(too_long(longest, f"{line:,}"))
        text = line.decode("utf-8-sig" if number == 0 else "utf-8")
        yield f"{text}\n"


read_csv: Callable[[FilePath, Unpacker | None, Access], Iterator[Row]] = partial(_read, ",")
read_tsv: Callable[[FilePath, Unpacker | None, Access], Iterator[Row]] = partial(_read, "\t")
