"""Raw rows, one by one or in blocks, and the batches in which they are sent to be encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.corpus.arrow import pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["RAW", "Block", "RawRow", "batches"]

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

_BATCH_ROWS = 2048
_BATCH_BYTES = 1 << 20


class RawRow(NamedTuple):
    """A row as in its file.

    >>> RawRow("sums", "sums.jsonl", 1, b'{"prompt": "2+2?"}').error is None
    True
    """

    source: str
    """The name of a source of the mixture."""
    file: str
    line: int
    """Counted from 1: the line in JSON Lines, the number of the row in other files."""
    text: bytes | None
    """The JSON of the row; None if it could not be read."""
    fits: bool = False
    """Whether the source's ``where`` was already applied, and the row passed."""
    error: str | None = None
    """Why the row cannot be used."""


class Block(NamedTuple):
    """Consecutive rows of a file, whose texts have not been parsed yet."""

    source: str
    file: str
    line: int
    """The line of the first row."""
    texts: list[bytes]

    def rows(self) -> Iterator[RawRow]:
        """Each row by itself."""
        for line, text in enumerate(self.texts, self.line):
            yield RawRow(self.source, self.file, line, text)


def batches(rows: Iterable[RawRow | Block]) -> Iterator[RecordBatch]:
    """Rows in batches of the schema `RAW`, each with enough rows or bytes.

    >>> [batch] = batches([RawRow("sums", "sums.jsonl", 1, b"{}")])
    >>> batch.num_rows
    1
    """
    taken = _Taken()
    for row in rows:
        if isinstance(row, Block):
            done = 0
            while done < len(row.texts):
                done = taken.add_block(row, done)
                if taken.is_full:
                    yield taken.batch()
        else:
            taken.add(row)
            if taken.is_full:
                yield taken.batch()
    if taken.rows:
        yield taken.batch()


class _Taken:
    """Collects the rows of the next batch, as columns."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in RAW]
        self.rows = self._size = 0

    @property
    def is_full(self) -> bool:
        return self.rows >= _BATCH_ROWS or self._size >= _BATCH_BYTES

    def add(self, row: RawRow) -> None:
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self.rows += 1
        self._size += len(row.text or b"")

    def add_block(self, block: Block, done: int) -> int:
        """Add the rows after the first ``done`` that fit, and return how many are done now."""
        count = 0
        for text in block.texts[done : done + _BATCH_ROWS - self.rows]:
            count += 1
            self._size += len(text)
            if self._size >= _BATCH_BYTES:
                break
        self.rows += count
        first, end = block.line + done, done + count
        added: tuple[Iterable[Any], ...] = (
            [block.source] * count,
            [block.file] * count,
            range(first, first + count),
            block.texts[done:end],
            [False] * count,
            [None] * count,
        )
        for column, values in zip(self._columns, added, strict=True):
            column.extend(values)
        return end

    def batch(self) -> RecordBatch:
        """Return the collected rows as a batch, and start a new one."""
        columns = zip(self._columns, RAW.types, strict=True)
        found = pa.record_batch([pa.array(*column) for column in columns], schema=RAW)
        self._begin()
        return found
