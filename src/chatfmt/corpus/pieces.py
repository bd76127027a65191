"""The pieces of files, which may be made anywhere and are only joined here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.corpus.arrow import pa, to_ipc
from chatfmt.corpus.masks import with_masks
from chatfmt.corpus.parquet import row_groups
from chatfmt.corpus.records import encode_records
from chatfmt.corpus.rejects import reject_lines
from chatfmt.corpus.summary import Summary, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.corpus.arrow import RecordBatch
    from chatfmt.corpus.options import EncodeOptions, FileOptions
    from chatfmt.corpus.thrift import Struct

__all__ = ["Outcome", "Piece", "Work", "masked", "parquet_pieces", "tokens_in"]

_GROUP_BYTES = 1 << 25
"""The size in Arrow bytes of a row group, if examples come in batches of any size."""


class Piece(NamedTuple):
    """Examples as part of a file."""

    data: bytes
    groups: list[Struct]
    """The footer's entry for each row group; a stream has none."""
    rows: int
    tokens: int


class Outcome(NamedTuple):
    """The result of a batch of rows."""

    piece: Piece | None
    """Its examples, if it has any."""
    rejects: bytes
    """Its refused rows, as lines of ``rejects.jsonl``."""
    counts: Summary


@dataclass(frozen=True)
class Work:
    """All work on a batch of rows before its parts are appended to those of others.

    A worker does it, so that the writing process only has to copy bytes.
    """

    options: EncodeOptions
    files: FileOptions

    def __call__(self, batch: RecordBatch) -> Outcome:
        """The result of a batch of the schema `RAW`."""
        examples, rejects = encode_records(batch, self.options)
        piece = None
        if examples.num_rows and self.files.arranges:
            data = to_ipc(examples, "lz4")
            piece = Piece(data, [], examples.num_rows, tokens_in(examples))
        elif examples.num_rows:
            piece = _parquet_piece([masked(examples, self.files)])
        return Outcome(piece, reject_lines(rejects), counted(batch, examples, rejects))


def masked(examples: RecordBatch, files: FileOptions) -> RecordBatch:
    """Examples with the requested masks."""
    return with_masks(examples, files.masks) if files.masks else examples


def tokens_in(batch: RecordBatch) -> int:
    """The number of ids in a batch of examples."""
    return sum(len(batch[name].values) for name in batch.schema.names if name.endswith("_ids"))


def _parquet_piece(batches: list[RecordBatch]) -> Piece:
    data, groups = row_groups(pa.Table.from_batches(batches))
    rows = sum(batch.num_rows for batch in batches)
    return Piece(data, groups, rows, sum(map(tokens_in, batches)))


def parquet_pieces(batches: Iterable[RecordBatch], shard_tokens: int) -> Iterator[Piece]:
    """Batches of any size as pieces of a fair size, cut where a file has enough ids."""
    waiting: list[RecordBatch] = []
    size = tokens = 0
    for batch in batches:
        waiting.append(batch)
        size += batch.nbytes
        tokens += tokens_in(batch)
        if size >= _GROUP_BYTES or tokens >= shard_tokens:
            yield _parquet_piece(waiting)
            waiting, size = [], 0
            tokens = tokens if tokens < shard_tokens else 0
    if waiting:
        yield _parquet_piece(waiting)
