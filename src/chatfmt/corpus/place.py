"""Where a corpus is: a folder on this machine, or, in `chatfmt.corpus.remote`, one in a store."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chatfmt.adapters.store import Remote, is_url, located
from chatfmt.corpus.folder import fault, is_temporary
from chatfmt.corpus.lock import locked
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from chatfmt.corpus.folder import Note

__all__ = ["LocalPlace", "Place", "place_of"]


class Place(Protocol):
    """The folder of a corpus; its text is its path or its URL, and files are given by name."""

    @property
    def where(self) -> Path | Remote:
        """The folder itself."""

    @property
    def scratch(self) -> Path:
        """A folder on this machine for files that are being written, while it is locked."""

    def at(self, name: str) -> str:
        """The path or the URL of a file."""

    def names(self) -> tuple[list[str], list[str]]:
        """The files with temporary names, and everything else, each sorted."""

    def holds(self, name: str) -> bool:
        """Whether there is anything of this name."""

    def begins(self, name: str, beginning: bytes) -> bool:
        """Whether this is a file, and begins so."""

    def read(self, name: str) -> bytes:
        """The content of a file."""

    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """A path on this machine under which the content of a file can be read."""

    def fault(self, name: str, note: Note, *, thorough: bool) -> str | None:
        """How a file differs from its record in a manifest, as in `chatfmt.corpus.folder.fault`."""

    def remove(self, name: str) -> None:
        """Remove a file."""

    def locked(self) -> AbstractContextManager[None]:
        """Make the folder if need be, and hold its lock."""


class LocalPlace:
    """A folder on this machine."""

    def __init__(self, path: Path) -> None:
        self.where = path

    def __str__(self) -> str:
        return str(self.where)

    @property
    def scratch(self) -> Path:
        """The folder itself."""
        return self.where

    def at(self, name: str) -> str:
        """The path of a file."""
        return str(self.where / name)

    def names(self) -> tuple[list[str], list[str]]:
        """The files with temporary names, and everything else, each sorted."""
        if not os.path.lexists(self.where):
            return [], []
        with os.scandir(self.where) as entries:
            found = {entry.name: is_temporary(entry) for entry in entries}
        mine = sorted(name for name, temporary in found.items() if temporary)
        return mine, sorted(found.keys() - set(mine))

    def holds(self, name: str) -> bool:
        """Whether there is anything of this name."""
        return os.path.lexists(self.where / name)

    def begins(self, name: str, beginning: bytes) -> bool:
        """Whether this is a file, and begins so."""
        path = self.where / name
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            return file.read(len(beginning)) == beginning

    def read(self, name: str) -> bytes:
        """The content of a file."""
        return (self.where / name).read_bytes()

    @contextlib.contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """Its path."""
        yield self.where / name

    def fault(self, name: str, note: Note, *, thorough: bool) -> str | None:
        """How a file differs from its record in a manifest."""
        return fault(self.where / name, note, thorough=thorough)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.where / name).unlink()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder if need be, and hold its lock."""
        self.where.mkdir(parents=True, exist_ok=True)
        with locked(self.where):
            yield


# As `pathlib.Path` spells a URL: it makes one slash of two. At least two letters: one could be a
# Windows drive.
_MERGED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(/|$)")


def place_of(out: Path | str) -> Place:
    """The place that a path or a URL names.

    Raises:
        DataError: it is a path that was made of a URL, or a store is not known.
        ImportError: the backend of a store is not installed.
    """
    if not is_url(out) and _MERGED.match(str(out)):
        raise DataError(
            "expected a folder, found the path that pathlib makes of a URL: give the URL as text",
            str(out),
        )
    where = located(Path(), str(out))
    if isinstance(where, Remote):
        from chatfmt.corpus.remote import RemotePlace

        return RemotePlace(where)
    return LocalPlace(where)
