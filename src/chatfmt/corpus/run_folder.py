"""The output folder as one run sees it: files are written, and get their names when they count."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from typing import TYPE_CHECKING

from chatfmt.corpus.folder import (
    LOCK,
    Note,
    in_the_way,
    is_temporary,
    temporary_name,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from chatfmt.corpus.place import Place

__all__ = ["Folder", "Measured"]


class Measured(io.BufferedWriter):
    """A file to write, whose size and digest are computed on the way."""

    def __init__(self, path: Path) -> None:
        # "x" follows no link and replaces nothing.
        super().__init__(io.FileIO(path, "xb"))
        self._sha256 = hashlib.sha256()
        self._size = 0
        self.rows: int | None = None

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Write and measure."""
        self._sha256.update(data)
        self._size += len(data)
        return super().write(data)

    def note(self) -> Note:
        """The record of the file, once all of it is on the disk."""
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
        place: the folder, which must exist.
        run: the identifier of the run.
        path: a folder on this machine for files that are being written: the folder itself, unless
            it is in a store.
    """

    def __init__(self, place: Place, run: str, path: Path) -> None:
        self.place, self.run, self.path = place, run, path
        self.notes: dict[str, Note] = {}
        """The files that `writing` has completed, by name."""

    def temporary(self, name: str) -> Path:
        """The path of a file while it is being written."""
        return self.path / temporary_name(self.run, name)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Measured]:
        """A file to write under its temporary name: all of it reaches the disk, or nothing stays.

        Raises:
            OSError: the disk is full, for example.
        """
        path = self.temporary(name)
        file = Measured(path)
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
                raise in_the_way(name, str(path)) from None
        except OSError:  # a file system without links
            if os.path.lexists(path):
                raise in_the_way(name, str(path)) from None
            temporary.rename(path)
        temporary.unlink(missing_ok=True)
        self.sync()

    def encoded(self, name: str) -> AbstractContextManager[Path]:
        """A path on this machine of a complete file between the stages."""
        return self.place.fetched(temporary_name(self.run, name))

    def is_complete(self, name: str) -> bool:
        """Whether a file is complete and still has its temporary name."""
        return self.place.holds(temporary_name(self.run, name))

    def fault(self, name: str, note: Note, *, published: bool) -> str | None:
        """How a file differs from its record; with ``published``, it may have its final name."""
        temporary = temporary_name(self.run, name)
        there = temporary if not published or self.place.holds(temporary) else name
        return self.place.fault(there, note, thorough=False)

    def replace(self, name: str, data: bytes, beginning: bytes) -> None:
        """Write a file in place of the previous one, which begins like this.

        Raises:
            DataError: someone else's file has its name.
            OSError: the disk is full, for example.
        """
        with self.writing(name) as file:
            file.write(data)
        if not self.place.holds(name):
            self.publish(name)
            return
        if not self.place.begins(name, beginning):
            raise in_the_way(name, self.place.at(name))
        self.temporary(name).replace(self.path / name)
        self.sync()

    def taken_back(self, name: str, published: Note | None, kept: Note | None) -> Path:
        """The path of a file that is continued, even if an earlier stop gave it its final name.

        Args:
            name: its name.
            published: the record of the file with its final name, if it has one.
            kept: the record of the part that counts.

        Raises:
            DataError: someone else's file has its name.
        """
        del kept
        path, final = self.temporary(name), self.path / name
        if not os.path.lexists(final):
            return path
        if os.path.lexists(path):
            if not os.path.samestat(path.lstat(), final.lstat()):
                raise in_the_way(name, str(final))
            final.unlink()  # a kill left both names
        elif published is None or self.place.fault(name, published, thorough=True):
            raise in_the_way(name, str(final))
        else:
            final.rename(path)
            self.sync()
        return path

    def keep(self, name: str, size: int) -> None:
        """Make sure that what is written of a file so far outlives this machine, as its folder."""

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
