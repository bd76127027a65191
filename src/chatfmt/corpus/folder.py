"""The files that chatfmt may remove from the folder of a run, and those that it never touches.

A file is ours if it has one of the temporary names below, or if the manifest of a run records its
name, size and digest and the file still matches. Any other file belongs to someone else: it is
never removed, overwritten or followed through a link.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import stat
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from chatfmt.errors import DataError

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from chatfmt.adapters.chunks import FilePath

__all__ = [
    "LOCK",
    "MANIFEST",
    "Note",
    "digest",
    "fault",
    "in_the_way",
    "is_temporary",
    "is_temporary_name",
    "new_run",
    "temporary_name",
]

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


def is_temporary_name(name: str) -> bool:
    """Whether this is one of our temporary names."""
    return _TEMPORARY.fullmatch(name) is not None


def is_temporary(entry: os.DirEntry[str]) -> bool:
    """Whether this is a file (not a folder or a link) with one of our temporary names."""
    return is_temporary_name(entry.name) and entry.is_file(follow_symlinks=False)


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


MANIFEST = "manifest.json"
LOCK = temporary_name("0" * 32, "lock")
"""The file that a run locks; its name is the same for all runs."""


def in_the_way(name: str, at: str) -> DataError:
    """The error if someone else's file, at this path or URL, has a name that the run needs."""
    return DataError(
        f"expected no file of this name, found one that this run did not write: move {name} "
        "somewhere else first",
        at,
    )
