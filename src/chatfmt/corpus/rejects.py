"""The refused rows as lines of JSON, in a file that a resumed run continues."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from chatfmt.corpus.folder import Note, digest
from chatfmt.corpus.state import REJECTS
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import BinaryIO, Self

    from chatfmt.corpus.arrow import RecordBatch
    from chatfmt.corpus.run_folder import Folder
    from chatfmt.corpus.state import State

__all__ = ["RejectsWriter", "TooManyRejectsError", "reject_lines"]


class TooManyRejectsError(DataError):
    """More rows were refused than the run allows.

    >>> from chatfmt import DataError
    >>> issubclass(TooManyRejectsError, DataError)
    True
    """


def reject_lines(rejects: RecordBatch) -> bytes:
    """Refused rows as lines of the file."""
    lines = []
    for row in rejects.to_pylist():
        if row["row_base64"] is None:
            del row["row_base64"]
        lines.append(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return b"".join(lines)


class RejectsWriter:
    """``rejects.jsonl``, under its temporary name until the run ends or stops.

    Args:
        folder: where it is.
        state: the run's notes about it; anything written after them is cut off.

    Raises:
        DataError: it is missing, or it is not the file that the run wrote.
    """

    def __init__(self, folder: Folder, state: State) -> None:
        noted = state.rejects
        path = folder.taken_back(REJECTS, state.files.pop(REJECTS, None), noted)
        self._folder = folder
        self._sha256, self._size = hashlib.sha256(), 0
        if noted is None:
            path.unlink(missing_ok=True)  # left by a run that was killed before it noted anything
            self._file: BinaryIO = path.open("xb")
            return
        if not path.exists() or digest(path, noted.size) != noted.sha256:
            raise DataError(
                f"expected {REJECTS} of the earlier run unchanged, found that it is missing or "
                "altered; --overwrite starts over",
                str(folder.place),
            )
        self._file = path.open("r+b")
        self._file.truncate(noted.size)
        while chunk := self._file.read(1 << 20):
            self._sha256.update(chunk)
        self._size = noted.size

    def write(self, lines: bytes) -> None:
        """Append the result of `reject_lines` for a batch."""
        self._sha256.update(lines)
        self._size += len(lines)
        self._file.write(lines)

    def note(self) -> Note:
        """Its record for the manifest, once everything is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._folder.keep(REJECTS, self._size)
        written = os.fstat(self._file.fileno()).st_mtime_ns
        return Note(size=self._size, sha256=self._sha256.hexdigest(), mtime_ns=written)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
