"""The folder of a run: the files that chatfmt may remove, and those that it never touches.

A file is ours if it has one of the temporary names below, or if the manifest of a run records its
name, size and digest and the file still matches. Any other file belongs to someone else: it is
never removed, overwritten or followed through a link.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import secrets
import stat
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from chatfmt.adapters.chunks import FilePath

__all__ = ["Folder", "Note", "digest", "fault", "is_temporary", "new_run", "temporary_name"]

_TEMPORARY = re.compile(r"\.chatfmt-[0-9a-f]{32}-[\w.-]+\.tmp")


def new_run() -> str:
    """An identifier that no other run has."""
    return secrets.token_hex(16)


def temporary_name(run: str, name: str) -> str:
    """The name of a run's file until it is complete.

    >>> temporary_name("0" * 32, "rejects.jsonl")
    '.chatfmt-00000000000000000000000000000000-rejects.jsonl.tmp'
    """
    return f".chatfmt-{run}-{name}.tmp"


def is_temporary(entry: os.DirEntry[str]) -> bool:
    """Whether this is a file (not a folder or a link) with one of our temporary names."""
    named = _TEMPORARY.fullmatch(entry.name) is not None
    return named and entry.is_file(follow_symlinks=False)


class Note(BaseModel):
    """A manifest's record of a complete file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    size: int
    sha256: str
    mtime_ns: int
    """When it was written: as long as size and time match, the digest need not be computed."""
    rows: int | None = None
    """For a file of examples, how many it has."""


def digest(path: FilePath, size: int | None = None) -> str:
    """The SHA-256 of a file, or of its first ``size`` bytes, in hexadecimal digits."""
    found = hashlib.sha256()
    left = -1 if size is None else size
    with path.open("rb") as file:
        while chunk := file.read(1 << 20 if left < 0 else min(left, 1 << 20)):
            found.update(chunk)
            left -= len(chunk) if left >= 0 else 0
    return found.hexdigest()


def fault(path: Path, note: Note, *, thorough: bool) -> str | None:
    """How a file differs from its record in a manifest, in words; None if it does not.

    Args:
        path: the file.
        note: the record in the manifest.
        thorough: compute the digest even if size and time match.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return "is missing"
    if not stat.S_ISREG(found.st_mode):
        return "is a link, a folder or a device, expected a file"
    if found.st_size != note.size:
        return f"has {found.st_size:,} bytes, expected {note.size:,}"
    if (thorough or found.st_mtime_ns != note.mtime_ns) and digest(path) != note.sha256:
        return "has other content than the run wrote, although the size is the same"
    return None


class _Measured(io.BufferedWriter):
    """A file to write, whose size and digest are computed on the way."""

    def __init__(self, path: Path) -> None:
        # "x" follows no link and replaces nothing.
        super().__init__(io.FileIO(path, "xb"))
        self._sha256 = hashlib.sha256()
        self._size = 0
        self.rows: int | None = None

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self._sha256.update(data)
        self._size += len(data)
        return super().write(data)

    def note(self) -> Note:
        self.flush()
        os.fsync(self.fileno())
        return Note(
            size=self._size,
            sha256=self._sha256.hexdigest(),
            mtime_ns=os.fstat(self.fileno()).st_mtime_ns,
            rows=self.rows,
        )


class Folder:
    """The output folder, as one run sees it.

    Args:
        path: the folder, which must exist.
        run: the identifier of the run.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.path, self.run = path, run
        self.notes: dict[str, Note] = {}
        """The files that `writing` has completed, by name."""

    def temporary(self, name: str) -> Path:
        """The path of a file until it is published."""
        return self.path / temporary_name(self.run, name)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[_Measured]:
        """A file to write under its temporary name: all of it reaches the disk, or nothing stays.

        Raises:
            OSError: the disk is full, for example.
        """
        path = self.temporary(name)
        file = _Measured(path)
        try:
            with file:
                yield file
                self.notes[name] = file.note()
        except BaseException:
            with contextlib.suppress(OSError):
                file.close()  # the buffered rest may not fit on the disk either
            path.unlink(missing_ok=True)
            raise

    def publish(self, name: str) -> None:
        """Give a complete file its name.

        Raises:
            DataError: a file that this run did not write has that name.
        """
        temporary, path = self.temporary(name), self.path / name
        try:
            os.link(temporary, path)  # unlike a rename, it replaces nothing
        except FileExistsError:
            # A kill between the link and the unlink below leaves both names.
            if not os.path.samestat(path.lstat(), temporary.lstat()):
                raise in_the_way(path) from None
        except OSError:  # a file system without links
            if os.path.lexists(path):
                raise in_the_way(path) from None
            temporary.rename(path)
        temporary.unlink(missing_ok=True)
        self.sync()

    def withdraw(self, name: str) -> None:
        """Take back a published file, to continue writing it."""
        (self.path / name).rename(self.temporary(name))
        self.sync()

    def sweep(self, keep: Collection[str] = ()) -> None:
        """Remove the temporary files of all runs, except this run's files with these names."""
        kept = {temporary_name(self.run, name) for name in keep} | {LOCK}
        with os.scandir(self.path) as entries:
            for entry in list(entries):
                if is_temporary(entry) and entry.name not in kept:
                    (self.path / entry.name).unlink()

    def sync(self) -> None:
        """Make sure that the names are on the disk, too."""
        if os.name == "posix":  # elsewhere a folder cannot be opened
            number = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


LOCK = temporary_name("0" * 32, "lock")
"""The file that a run locks; its name is the same for all runs."""


def in_the_way(path: Path) -> DataError:
    """The error if someone else's file has a name that the run needs."""
    return DataError(
        f"expected no file of this name, found one that this run did not write: move "
        f"{path.name} somewhere else first",
        str(path),
    )
