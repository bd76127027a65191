"""Writes pieces of examples to numbered files, each of them complete or absent."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from chatfmt.corpus.folder import Note
    from chatfmt.corpus.pieces import Piece
    from chatfmt.corpus.run_folder import Folder
    from chatfmt.corpus.thrift import Struct

__all__ = ["PieceFile", "ShardWriter", "StreamFile"]


class PieceFile(Protocol):
    """A file of pieces: `parquet.ParquetFile` or `StreamFile`."""

    def add(self, data: bytes, groups: list[Struct], /) -> None:
        """Append a piece."""

    def close(self) -> None:
        """Write the end of the file."""


class StreamFile:
    """Pieces that are complete by themselves, and need nothing around them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, data: bytes, _groups: list[Struct], /) -> None:
        """Append a piece."""
        self._file.write(data)

    def close(self) -> None:
        """Do nothing: there is no end to write."""


class ShardWriter:
    """Writes pieces to numbered files. A file ends only after a piece, so a run can continue there.

    Args:
        folder: where the files go, under their temporary names.
        name: the file name, with a place for the number: ``shard-{:05}.parquet``.
        begin: turns an empty file into one that takes pieces.
        shard_tokens: the number of ids at which a file is full.
        shards: how many files there are already.
    """

    def __init__(
        self,
        folder: Folder,
        name: str,
        begin: Callable[[BinaryIO], PieceFile],
        *,
        shard_tokens: int,
        shards: int = 0,
    ) -> None:
        self._folder, self._name, self._begin_file = folder, name, begin
        self._shard_tokens = shard_tokens
        self.shards = shards
        self._tokens = 0
        self._shard: contextlib.ExitStack | None = None
        self._file: Any = None
        self._pieces: Any = None
        self.complete: dict[str, Note] = {}
        """The records of complete files, by name."""

    def write(self, piece: Piece) -> bool:
        """Add a piece, and return whether it completed a file."""
        if self._shard is None:
            self._begin()
        self._pieces.add(piece.data, piece.groups)
        self._file.rows += piece.rows
        self._tokens += piece.tokens
        if self._tokens >= self._shard_tokens:
            self.finish()
            return True
        return False

    def finish(self) -> None:
        """Complete the open file, if there is one."""
        if self._shard is not None:
            self._pieces.close()
            shard, self._shard = self._shard, None
            shard.close()
            name = self._name.format(self.shards)
            self.complete[name] = self._folder.notes[name]
            self.shards += 1
        self._tokens = 0

    def abandon(self) -> None:
        """Remove the open file."""
        shard, self._shard = self._shard, None
        if shard is not None:
            with contextlib.suppress(_Abandoned):
                shard.__exit__(_Abandoned, _Abandoned(), None)

    def _begin(self) -> None:
        name = self._name.format(self.shards)
        with contextlib.ExitStack() as stack:
            self._file = stack.enter_context(self._folder.writing(name))
            self._file.rows = 0
            self._pieces = self._begin_file(self._file)
            self._shard = stack.pop_all()


class _Abandoned(Exception):  # noqa: N818 - not an error, but raised like one
    """Thrown into a file that is abandoned."""
