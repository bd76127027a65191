"""One run at a time in a folder: a lock that the system releases when its process ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatfmt.corpus.folder import LOCK
from chatfmt.errors import DataError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked"]

_MADE_BY = "chatfmt tokenize"
_PATIENCE = 0.5  # seconds to wait until the holder of a lock has written who it is


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    Raises:
        DataError: another process holds it; the message says which one, and since when.
    """
    path = folder / LOCK
    number = _acquired(path)
    try:
        about = {"made_by": _MADE_BY, "process": os.getpid(), "host": socket.gethostname()}
        about["since"] = datetime.now(UTC).isoformat(timespec="seconds")
        os.ftruncate(number, 0)
        os.write(number, json.dumps(about).encode())
        yield
    finally:
        _release(number, path)


def _acquired(path: Path) -> int:
    while True:
        # Links are not followed, and child processes do not inherit the lock.
        flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
        try:
            number = os.open(path, flags, 0o644)
        except OSError:
            if path.is_symlink() or path.is_dir():
                raise _no_lock(path) from None
            raise
        try:
            _refuse_foreign(number, path)
            _lock(number, path)
            # The previous holder may have removed the file after we had opened it.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(number), path.stat()):
                    return number
        except BaseException:
            os.close(number)
            raise
        os.close(number)


def _lock(number: int, path: Path) -> None:
    if not _try(number):
        raise DataError(_held(path), str(path.parent))


def _refuse_foreign(number: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(number).st_mode):
        raise _no_lock(path)
    text = os.pread(number, 1000, 0) if hasattr(os, "pread") else b""
    if text and b'"made_by": "' + _MADE_BY.encode() + b'"' not in text:
        raise _no_lock(path)


def _no_lock(path: Path) -> DataError:
    return DataError(
        "expected the lock of a run, found something else of that name: move it somewhere else",
        str(path),
    )


def _held(path: Path) -> str:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            about = loads(path.read_bytes())
            holder = f"process {about['process']} on {about['host']} since {about['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            holder = "another process"  # it has just taken the lock, or just released it
            if time.monotonic() < end:
                time.sleep(0.02)
                continue
        return f"expected a folder that no other run writes to, found one locked by {holder}"


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a locked range cannot be read there, and nothing is written that far

    def _try(number: int) -> bool:
        os.lseek(number, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(number, 0, os.SEEK_SET)
        return True

    def _release(number: int, path: Path) -> None:
        os.close(number)
        with contextlib.suppress(OSError):
            path.unlink()

else:
    import fcntl

    def _try(number: int) -> bool:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(number: int, path: Path) -> None:
        # Remove it while the lock is held: later, another process might hold it already.
        path.unlink(missing_ok=True)
        os.close(number)
