"""The input files: makes sure that they are still what they were when the run began."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from chatfmt.corpus.folder import digest
from chatfmt.errors import DataError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from chatfmt.adapters import Mixture

__all__ = ["InputChangedError", "InputNote", "Inputs"]

_HOW = "--resume continues once it is restored, --overwrite starts over with its new content"


class InputChangedError(DataError):
    """An input file has changed since the run began.

    >>> from chatfmt import DataError
    >>> issubclass(InputChangedError, DataError)
    True
    """


class InputNote(BaseModel):
    """A manifest's record of an input file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    size: int
    mtime_ns: int
    read: int = 0
    """How much of it has been read; the written examples come from less than that."""
    sha256: str | None = None
    """The digest of what has been read."""


class Inputs:
    """The files of a mixture, watched while they are read.

    Raises:
        DataError: no file matches a pattern.
        OSError: a file does not exist.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._folder = mixture.folder
        names = {name for source in mixture.sources for name in source.files(mixture.folder)}
        self._stats = {name: self._stat(name) for name in sorted(names)}
        self._open: dict[str, set[_Watched]] = {}
        self.notes = {
            name: InputNote(size=found.st_size, mtime_ns=found.st_mtime_ns)
            for name, found in self._stats.items()
        }
        """By name, in order."""

    def _stat(self, name: str) -> os.stat_result:
        return (self._folder / name).stat()

    def refuse_below(self, out: Path) -> None:
        """Make sure that no input file is in the output folder.

        Raises:
            DataError: an input file is there.
        """
        folder = out.resolve()
        for name in self.notes:
            if (self._folder / name).resolve().is_relative_to(folder):
                raise DataError(
                    "expected input from outside the output folder, found a file in it: choose "
                    "another folder for the output",
                    str(self._folder / name),
                )

    def take_over(self, before: Mapping[str, InputNote]) -> None:
        """Compare with the notes of an interrupted run, and continue from there.

        Raises:
            InputChangedError: a file has changed since then.
            DataError: the set of files has changed since then.
        """
        if different := sorted(before.keys() ^ self.notes.keys()):
            raise DataError(
                f"expected the files that the interrupted run had, found different input: "
                f"{different[0]}; --overwrite starts over"
            )
        for name, note in before.items():
            now = self.notes[name]
            if now.size != note.size:
                raise self._changed(name, f"it had {note.size:,} bytes, now {now.size:,}")
            same_time = now.mtime_ns == note.mtime_ns
            if (
                not same_time
                and note.read
                and digest(self._folder / name, note.read) != note.sha256
            ):
                raise self._changed(name, "its content has changed, although the size is the same")
            self.notes[name] = note.model_copy(update={"mtime_ns": now.mtime_ns})

    def open(self, path: Path) -> io.BufferedReader:
        """Open a file, and note what is read of it."""
        name = self._name(path)
        file = _Watched(path, self.notes[name])
        self._open.setdefault(name, set()).add(file)
        return file

    def _name(self, path: Path) -> str:
        return next(name for name in self.notes if self._folder / name == path)

    def ended(self, name: str) -> None:
        """Check a file that has been read.

        Raises:
            InputChangedError: it has changed.
        """
        self._check(name)
        self._open[name] = {file for file in self._open.get(name, ()) if not file.closed}

    def check(self) -> None:
        """Check all files that are being read, and note how far.

        Raises:
            InputChangedError: one of them has changed.
        """
        for name in self._open:
            self._check(name)

    def _check(self, name: str) -> None:
        for file in self._open.get(name, ()):
            if file.differs:
                raise self._changed(name, "its content has changed, although the size is the same")
            if file.count > self.notes[name].read:
                noted = {"read": file.count, "sha256": file.sha256.hexdigest()}
                self.notes[name] = self.notes[name].model_copy(update=noted)
        before = self._stats[name]
        try:
            now = self._stat(name)
        except OSError as error:
            raise self._changed(name, f"it can no longer be found ({error.strerror})") from None
        if now.st_size != before.st_size:
            raise self._changed(name, f"it had {before.st_size:,} bytes, now {now.st_size:,}")
        if _identity(now) != _identity(before):
            raise self._changed(name, "another file has its name, or it was written to")

    def _changed(self, name: str, how: str) -> InputChangedError:
        return InputChangedError(f"found different input: {how}; {_HOW}", str(self._folder / name))


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


class _Watched(io.BufferedReader):
    """A file that computes the digest of what is read, and compares it with the earlier digest.

    If a reader jumps, as Parquet's does, the digest of the whole file is computed first.
    """

    def __init__(self, path: Path, before: InputNote) -> None:
        super().__init__(io.FileIO(path))
        self._path, self._before = path, before
        self.count = 0
        self.sha256 = hashlib.sha256()
        self.differs = False
        self._jumps = False

    def __hash__(self) -> int:
        return id(self)

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not self._jumps:
            self._add(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if not self._jumps:
            self._jumps = True
            with self._path.open("rb") as file:
                file.seek(self.count)
                while chunk := file.read(1 << 20):
                    self._add(chunk)
        return super().seek(offset, whence)

    def _add(self, data: bytes) -> None:
        at = self._before.read - self.count
        if 0 < at <= len(data):
            self.sha256.update(data[:at])
            self.differs |= self.sha256.hexdigest() != self._before.sha256
            self.sha256.update(data[at:])
        else:
            self.sha256.update(data)
        self.count += len(data)
