"""The folder of a corpus in a store, such as ``s3://bucket/corpus``.

A store has no links, renames or locks, but an object is seen whole or not at all. So a file is
written on this machine and uploaded once it is complete, and it gets its final name by a copy
within the store.

Source: fsspec, "API Reference" (``pipe_file`` and its ``mode="create"``, ``put_file``, ``cp_file``,
``rm_file``, ``ls``, ``modified``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.store import reported
from chatfmt.corpus.folder import MANIFEST, digest, is_temporary_name
from chatfmt.corpus.remote_lock import locked_in_store
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.adapters.store import Remote
    from chatfmt.corpus.folder import Note

__all__ = ["RemotePlace"]


class RemotePlace:
    """A folder in a store.

    Raises:
        DataError: the URL names no folder in a bucket, or the store is not known.
        ImportError: the backend of the store is not installed.
    """

    def __init__(self, where: Remote) -> None:
        self.where = where
        self.fs, path = where.reached()
        self.path = path.rstrip("/")
        if not self.path.strip("/"):
            raise DataError("expected the URL of a folder, found that of a whole store", str(where))

    def __str__(self) -> str:
        return str(self.where)

    def at(self, name: str) -> str:
        """The URL of a file."""
        return str(self.where / name)

    def _in_store(self, name: str) -> str:
        return f"{self.path}/{name}"

    def _about(self, name: str) -> dict[str, Any] | None:
        """Size, kind and more of a file; None if there is nothing of this name."""
        with contextlib.suppress(FileNotFoundError), reported(self.at(name)):
            self.fs.invalidate_cache()
            found: dict[str, Any] = self.fs.info(self._in_store(name))
            return found
        return None

    # -- as `chatfmt.corpus.place.Place` says

    @property
    def scratch(self) -> Path:
        """A folder on this machine for files that are being written; no one else can open it."""
        user = os.getuid() if hasattr(os, "getuid") else 0
        mark = hashlib.sha256(f"{user} {self.where}".encode()).hexdigest()[:32]
        path = Path(tempfile.gettempdir(), f"chatfmt-{mark}")
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or (user and found.st_uid != user):
            raise DataError("expected a folder of our own for temporary files", str(path))
        return path

    def names(self) -> tuple[list[str], list[str]]:
        """The files with temporary names, and everything else, each sorted."""
        entries: list[dict[str, Any]] = []
        with contextlib.suppress(FileNotFoundError), reported(str(self)):
            self.fs.invalidate_cache()
            entries = self.fs.ls(self.path, detail=True)
        found = {
            PurePosixPath(entry["name"]).name: entry["type"] == "file"
            for entry in entries
            # Some stores list the folder itself.
            if entry["name"].strip("/") != self.path.strip("/")
        }
        ours = {name for name, is_file in found.items() if is_file and is_temporary_name(name)}
        return sorted(ours), sorted(found.keys() - ours)

    def holds(self, name: str) -> bool:
        """Whether there is anything of this name."""
        return self._about(name) is not None

    def begins(self, name: str, beginning: bytes) -> bool:
        """Whether this is a file, and begins so."""
        about = self._about(name)
        return (
            about is not None and about["type"] == "file" and self.read(name).startswith(beginning)
        )

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with reported(self.at(name)):
            data: bytes = self.fs.cat_file(self._in_store(name))
        return data

    @contextlib.contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """A copy on this machine, which is then removed."""
        with tempfile.TemporaryDirectory(prefix="chatfmt-") as folder:
            path = Path(folder, name)
            (self.where / name).fetch(path)
            yield path

    def fault(self, name: str, note: Note, *, thorough: bool) -> str | None:
        """How a file differs from its record in a manifest."""
        about = self._about(name)
        if about is None:
            return "is missing"
        if about["type"] != "file":
            return "is a folder, expected a file"
        if about["size"] != note.size:
            return f"has {about['size']:,} bytes, expected {note.size:,}"
        if (thorough or self._is_new(name)) and digest(self.where / name) != note.sha256:
            return "has other content than the run wrote, although the size is the same"
        return None

    def _is_new(self, name: str) -> bool:
        """Whether a file may have been written after the manifest, or the store does not say."""
        try:
            times = [self.fs.modified(self._in_store(one)) for one in (name, MANIFEST)]
        except Exception:  # noqa: BLE001 - backends that do not know it say so in different ways
            return True
        return bool(times[0] >= times[1])

    def remove(self, name: str) -> None:
        """Remove a file."""
        with reported(self.at(name)):
            self.fs.rm_file(self._in_store(name))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock: on this machine a real one, for others an object in the store."""
        with locked_in_store(self):
            yield

    # -- of a store alone

    def put(self, name: str, data: bytes | Path) -> None:
        """Write a file, in place of any other.

        Raises:
            DataError: there is no such bucket, or the store refuses it.
        """
        try:
            with reported(self.at(name)):
                if isinstance(data, Path):
                    self.fs.put_file(str(data), self._in_store(name))
                else:
                    self.fs.pipe_file(self._in_store(name), data)
        except FileNotFoundError:
            raise DataError("expected a bucket or repository that exists", self.at(name)) from None

    def size(self, name: str) -> int:
        """The size of a file in bytes."""
        return self._about(name)["size"]  # type: ignore[index,no-any-return]

    def copy(self, name: str, new: str) -> None:
        """Copy a file within the store."""
        with reported(self.at(new)):
            self.fs.cp_file(self._in_store(name), self._in_store(new))

    def create(self, name: str, data: bytes) -> bool:
        """Write a file unless there is one of that name, and return whether it was written."""
        try:
            self.fs.pipe_file(self._in_store(name), data, mode="create")
        except FileNotFoundError:
            self.put(name, data)  # which says why not
        except Exception:
            if self.holds(name):
                return False
            with reported(self.at(name)):
                raise
        return True
