"""The folder of a run: what chatfmt may remove there, and what it never touches.

A file is ours if it has one of the temporary names below, or if the manifest of a run notes its
name, its size and its digest and the file still has both. Anything else belongs to somebody else:
it is never removed, overwritten or followed through a link.
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

__all__ = ["Folder", "Note", "digest", "fault", "is_temporary", "new_run", "temporary_name"]

_TEMPORARY = re.compile(r"\.chatfmt-[0-9a-f]{32}-[\w.-]+\.tmp")


def new_run() -> str:
    """An identifier that no other run has."""
    return secrets.token_hex(16)


def temporary_name(run: str, name: str) -> str:
    """The name that a file of a run has until it is complete.

    >>> temporary_name("0" * 32, "rejects.jsonl")
    '.chatfmt-00000000000000000000000000000000-rejects.jsonl.tmp'
    """
    return f".chatfmt-{run}-{name}.tmp"


def is_temporary(entry: os.DirEntry[str]) -> bool:
    """Whether this is a file, and not a folder or a link, with a temporary name of ours."""
    named = _TEMPORARY.fullmatch(entry.name) is not None
    return named and entry.is_file(follow_symlinks=False)


class Note(BaseModel):
    """What a manifest says of a complete file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    size: int
    sha256: str
    mtime_ns: int
    """When it was written: while size and time are the same, the digest need not be computed."""
    rows: int | None = None
    """Of a file of examples: how many."""


def digest(path: Path, size: int | None = None) -> str:
    """The SHA-256 of a file, or of its first ``size`` bytes, in hexadecimal digits."""
    found = hashlib.sha256()
    left = -1 if size is None else size
    with path.open("rb") as file:
        while chunk := file.read(1 << 20 if left < 0 else min(left, 1 << 20)):
            found.update(chunk)
            left -= len(chunk) if left >= 0 else 0
    return found.hexdigest()


def fault(path: Path, note: Note, *, thorough: bool) -> str | None:
    """How a file differs from what a manifest says of it, in words; None if it does not.

    Args:
        path: the file.
        note: what the manifest says.
        thorough: compute the digest also where size and time are as noted.
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
    """A file to write; its size and digest are computed on the way."""

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
        path: of the folder, which exists.
        run: the identifier of the run.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.path, self.run = path, run
        self.notes: dict[str, Note] = {}
        """The files that `writing` has completed, by their names."""

    def temporary(self, name: str) -> Path:
        """Where a file is until it is published."""
        return self.path / temporary_name(self.run, name)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[_Measured]:
        """A file to write under its temporary name: all of it is on the disk, or nothing is left.

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
                file.close()  # what is still held back may not fit on the disk, either
            path.unlink(missing_ok=True)
            raise

    def publish(self, name: str) -> None:
        """Give a complete file its name.

        Raises:
            DataError: there is a file of that name, which this run has not written.
        """
        temporary, path = self.temporary(name), self.path / name
        try:
            os.link(temporary, path)  # unlike a rename, it replaces nothing
        except FileExistsError:
            # A kill between the link and what follows leaves both names.
            if not os.path.samestat(path.lstat(), temporary.lstat()):
                raise in_the_way(path) from None
        except OSError:  # a file system without links
            if os.path.lexists(path):
                raise in_the_way(path) from None
            temporary.rename(path)
        temporary.unlink(missing_ok=True)
        self.sync()

    def withdraw(self, name: str) -> None:
        """Take back a published file, to go on writing it."""
        (self.path / name).rename(self.temporary(name))
        self.sync()

    def sweep(self, keep: Collection[str] = ()) -> None:
        """Remove the temporary files of all runs, but those of this one with these names."""
        kept = {temporary_name(self.run, name) for name in keep} | {LOCK}
        with os.scandir(self.path) as entries:
            for entry in list(entries):
                if is_temporary(entry) and entry.name not in kept:
                    (self.path / entry.name).unlink()

    def sync(self) -> None:
        """Make sure that names are on the disk, too."""
        if os.name == "posix":  # elsewhere a folder cannot be opened
            number = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


LOCK = temporary_name("0" * 32, "lock")
"""The file that a run locks: its name is the same for all of them."""


def in_the_way(path: Path) -> DataError:
    """The error where somebody else's file has a name that the run needs."""
    return DataError(
        f"expected no file of this name, found one that this run did not write: move "
        f"{path.name} somewhere else first",
        str(path),
    )
