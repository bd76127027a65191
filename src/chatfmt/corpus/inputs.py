"""The input files: makes sure that they are still what they were when the run began."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

from chatfmt.adapters.store import Remote, located
from chatfmt.corpus.folder import digest
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """When it was written; for a file in a store, a number that stands for its version there."""
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
        self._mixture = mixture
        names = {name for source in mixture.sources for name in source.files(mixture.folder)}
        self._stats = {name: self._stat(name) for name in sorted(names)}
        self._open: dict[str, set[_Watched]] = {}
        self.notes = {
            name: InputNote(size=found.size, mtime_ns=found.version)
            for name, found in self._stats.items()
        }
        """By name, in order."""

    def _at(self, name: str) -> Path | Remote:
        return located(self._mixture.folder, name)

    def _stat(self, name: str) -> _Found:
        path = self._at(name)
        if isinstance(path, Remote):
            size, tag = path.seen()
            return _Found(size, tag, (tag,))
        found = path.stat()
        identity = found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
        return _Found(found.st_size, found.st_mtime_ns, identity)

    def refuse_below(self, out: Path | Remote) -> None:
        """Make sure that no input file is in the output folder.

        Raises:
            DataError: an input file is there.
        """
        for name in self.notes:
            if _is_below(self._at(name), out):
                raise DataError(
                    "expected input from outside the output folder, found a file in it: choose "
                    "another folder for the output",
                    str(self._at(name)),
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
            if not same_time and note.read and digest(self._at(name), note.read) != note.sha256:
                raise self._changed(name, "its content has changed, although the size is the same")
            self.notes[name] = note.model_copy(update={"mtime_ns": now.mtime_ns})

    def open(self, path: Path | Remote) -> io.BufferedReader:
        """Open a file, and note what is read of it."""
        name = self._name(path)
        file = _Watched(path, self.notes[name])
        self._open.setdefault(name, set()).add(file)
        return file

    def _name(self, path: Path | Remote) -> str:
        return next(name for name in self.notes if self._at(name) == path)

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
        if now.size != before.size:
            raise self._changed(name, f"it had {before.size:,} bytes, now {now.size:,}")
        if now.identity != before.identity:
            raise self._changed(name, "another file has its name, or it was written to")

    def _changed(self, name: str, how: str) -> InputChangedError:
        return InputChangedError(f"found different input: {how}; {_HOW}", str(self._at(name)))


class _Found(NamedTuple):
    """Size and version of a file at one moment."""

    size: int
    version: int
    """The time when it was written; of a file in a store, what the store says instead."""
    identity: tuple[int, ...]


def _is_below(path: Path | Remote, out: Path | Remote) -> bool:
    if isinstance(out, Remote):
        return isinstance(path, Remote) and path.is_below(out)
    return isinstance(path, Path) and path.resolve().is_relative_to(out.resolve())


class _Watched(io.BufferedReader):
    """A file that computes the digest of what is read, and compares it with the earlier digest.

    If a reader jumps, as Parquet's does, the digest of the whole file is computed first.
    """

    def __init__(self, path: Path | Remote, before: InputNote) -> None:
        super().__init__(path.raw() if isinstance(path, Remote) else io.FileIO(path))
        self._before = before
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
            if whence == io.SEEK_CUR:
                offset, whence = offset + self.tell(), io.SEEK_SET
            while chunk := super().read(1 << 20):
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
