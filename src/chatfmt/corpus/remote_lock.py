"""One run at a time in a folder in a store.

No lock of a store ends with its process. The lock is an object that is created only if there is
none. It is taken over from a process of this machine that has ended; any other is removed by hand.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chatfmt.corpus.folder import LOCK
from chatfmt.corpus.lock import locked
from chatfmt.errors import DataError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["locked_in_store"]

_MADE_BY = "chatfmt tokenize"


class _Store(Protocol):
    """The part of `chatfmt.corpus.remote.RemotePlace` that the lock needs."""

    @property
    def scratch(self) -> Path: ...
    def holds(self, name: str) -> bool: ...
    def read(self, name: str) -> bytes: ...
    def remove(self, name: str) -> None: ...
    def create(self, name: str, data: bytes) -> bool: ...


@contextlib.contextmanager
def locked_in_store(place: _Store) -> Iterator[None]:
    """Hold the lock: on this machine a real one, for others an object in the store."""
    with _locked_here(place):
        if not place.holds(LOCK) or _is_dead(place):
            data = json.dumps(_about_us()).encode()
            mine = place.create(LOCK, data)
        else:
            mine = False
        if not mine:
            raise _held(place)
        try:
            if place.create(LOCK, data):
                warnings.warn(
                    f"{place}: this store cannot create an object only if there is none, so "
                    "it has no locks: make sure that no other machine writes there",
                    stacklevel=2,
                )
            yield
        finally:
            with contextlib.suppress(DataError, OSError):
                place.remove(LOCK)


@contextlib.contextmanager
def _locked_here(place: _Store) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        scratch = place.scratch
        try:
            stack.enter_context(locked(scratch))
        except DataError as error:
            raise DataError(error.reason, str(place)) from None
        yield
    with contextlib.suppress(OSError):
        scratch.rmdir()


def _holder(place: _Store) -> dict[str, Any]:
    try:
        about = loads(place.read(LOCK))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _is_dead(place: _Store) -> bool:
    """Remove the lock of a process of this machine that has ended."""
    about = _holder(place)
    if about.get("made_by") != _MADE_BY or about.get("machine") != _machine():
        return False
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(about["process"]), 0)
            return False
    place.remove(LOCK)
    return True


def _held(place: _Store) -> DataError:
    about = _holder(place)
    holder = (
        f"process {about.get('process')} on {about.get('host')} since {about.get('since')}"
        if about.get("made_by") == _MADE_BY
        else "something that is no run"
    )
    return DataError(
        f"expected a folder that no other run writes to, found one locked by {holder}; if that "
        f"has ended, remove {LOCK}",
        str(place),
    )


def _about_us() -> dict[str, Any]:
    return {
        "made_by": _MADE_BY,
        "process": os.getpid(),
        "host": socket.gethostname(),
        "machine": _machine(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _machine() -> str:
    """A name of this machine: under it, a number stands for one process at a time."""
    about = [socket.gethostname()]
    with contextlib.suppress(OSError):  # not on Linux
        about += [
            Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip(),
            str(Path("/proc/self/ns/pid").readlink()),
        ]
    return " ".join(about)
