"""The output folder in a store as one run sees it."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING

from chatfmt.corpus.folder import LOCK, digest, in_the_way, temporary_name
from chatfmt.corpus.remote import RemotePlace
from chatfmt.corpus.run_folder import Folder
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from chatfmt.corpus.folder import Note
    from chatfmt.corpus.place import Place
    from chatfmt.corpus.run_folder import Measured

__all__ = ["folder_of"]


def folder_of(place: Place, run: str) -> Folder:
    """The output folder as a run sees it."""
    if isinstance(place, RemotePlace):
        return _RemoteFolder(place, run)
    return Folder(place, run, place.scratch)


class _RemoteFolder(Folder):
    """The output folder in a store.

    A file that is continued, as that of the refused rows, is kept there in parts, each with the
    place where it begins in its temporary name.
    """

    place: RemotePlace

    def __init__(self, place: RemotePlace, run: str) -> None:
        super().__init__(place, run, place.scratch)
        self._kept: dict[str, int] = {}
        """How much of each file that this process continues is in the store."""
        self._noted: dict[str, Note] = {}
        """The records that were compared with what is there."""

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Measured]:
        """A file to write; once it is complete it is uploaded under its temporary name."""
        with super().writing(name) as file:
            yield file
        path = self.temporary(name)
        try:
            self.place.put(path.name, path)
        finally:
            path.unlink()

    def is_complete(self, name: str) -> bool:
        """Whether a file is complete and still has its temporary name, or is in parts."""
        if super().is_complete(name):
            return True
        if name in self._kept:  # what has its final name meanwhile is someone else's
            return True
        return name in self._noted and not self.place.holds(name)

    def publish(self, name: str) -> None:
        """Give a complete file its name."""
        temporary = temporary_name(self.run, name)
        if not self.place.holds(temporary):
            self._publish_parts(name)
            return
        if not self.place.holds(name):
            self.place.copy(temporary, name)
        # A kill between the copy and the removal leaves both.
        elif digest(self.place.where / name) != digest(self.place.where / temporary):
            raise in_the_way(name, self.place.at(name))
        self.place.remove(temporary)

    def _publish_parts(self, name: str) -> None:
        if self.place.holds(name):
            raise in_the_way(name, self.place.at(name))
        path = self.temporary(name)
        if name not in self._kept:  # another process wrote it, maybe on another machine
            note = self._noted[name]
            self._gather(name, path, note.size)
            if digest(path) != note.sha256:
                raise DataError(f"expected {name} in parts, found them altered", str(self.place))
        self.place.put(name, path)
        self._kept.pop(name, None)

    def fault(self, name: str, note: Note, *, published: bool) -> str | None:
        """How a file differs from its record."""
        self._noted[name] = note
        if self.place.holds(temporary_name(self.run, name)) or self.place.holds(name):
            return super().fault(name, note, published=published)
        size = sum(self.place.size(part) for start, part in self._parts(name) if start < note.size)
        return "is missing" if size < note.size else None

    def replace(self, name: str, data: bytes, beginning: bytes) -> None:
        """Write a file in place of the previous one: the store shows the one or the other."""
        if self.place.holds(name) and not self.place.begins(name, beginning):
            raise in_the_way(name, self.place.at(name))
        self.place.put(name, data)

    def taken_back(self, name: str, published: Note | None, kept: Note | None) -> Path:
        """A path on this machine with the part of a file that counts."""
        if self.place.holds(name):
            if published is None or self.place.fault(name, published, thorough=True):
                raise in_the_way(name, self.place.at(name))
            self.place.remove(name)
        path = self.temporary(name)
        size = 0 if kept is None else kept.size
        self._gather(name, path, size)
        self._kept[name] = size
        return path

    def keep(self, name: str, size: int) -> None:
        """Upload what was written of a file since the last time."""
        start = self._kept.get(name, 0)
        if size > start:
            with self.temporary(name).open("rb") as file:
                file.seek(start)
                self.place.put(temporary_name(self.run, f"{name}.{start:020}"), file.read())
        self._kept[name] = size

    def _parts(self, name: str) -> list[tuple[int, str]]:
        """Where each part of a file begins, and its name, in order."""
        pattern = re.compile(
            re.escape(temporary_name(self.run, f"{name}.X")).replace("X", r"(\d{20})")
        )
        found = [(pattern.fullmatch(part), part) for part in self.place.names()[0]]
        return sorted((int(match[1]), part) for match, part in found if match)

    def _gather(self, name: str, path: Path, size: int) -> None:
        """Write the parts that begin before ``size`` into one file on this machine."""
        with path.open("wb") as file:
            for start, part in self._parts(name):
                if start < size:
                    with self.place.fetched(part) as copy, copy.open("rb") as data:
                        shutil.copyfileobj(data, file)

    def sweep(self, keep: Collection[str] = ()) -> None:
        """Remove the temporary files of all runs, except this run's files with these names."""
        kept = {temporary_name(self.run, name) for name in keep} | {LOCK}
        kept |= {part for name in keep for _, part in self._parts(name)}
        for name in self.place.names()[0]:
            if name not in kept:
                self.place.remove(name)
        super().sweep(keep)
