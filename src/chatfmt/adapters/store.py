"""Files named by a URL: in a store that fsspec knows, or on this machine (``file://``).

Source: fsspec, "API Reference" (``AbstractFileSystem``: ``info``, ``glob``, ``open``,
``get_file``). Each backend reads its credentials from its own variables and files.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import tempfile
from glob import glob, has_magic
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from chatfmt.adapters.chunks import optional
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

__all__ = ["Remote", "Seen", "is_url", "located", "matching", "reported", "size_of"]

# At least two letters: one could be a Windows drive.
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://")
_BLOCK = 8 << 20  # bytes fetched at once


def is_url(name: str | Path | Remote) -> bool:
    """Whether a name is a URL.

    >>> is_url("s3://bucket/rows.jsonl"), is_url("C:/rows.jsonl")
    (True, False)
    """
    return _URL.match(str(name)) is not None


def located(folder: Path, name: str | Path) -> Path | Remote:
    """The file of this name: a URL, or a path that may be relative to the folder.

    >>> located(Path("data"), "rows.jsonl").as_posix(), located(Path("data"), "s3://b/rows.jsonl")
    ('data/rows.jsonl', Remote('s3://b/rows.jsonl'))
    >>> located(Path("data"), "file:///tmp/rows.jsonl").as_posix()
    '/tmp/rows.jsonl'
    """
    name = _without_file_scheme(str(name))
    return Remote(name) if is_url(name) else folder / name


def _without_file_scheme(name: str) -> str:
    if not name.lower().startswith("file://"):
        return name
    _, host, path, *_ = urlsplit(name)
    if host not in ("", "localhost"):
        raise DataError(f"expected a file on this machine, found the host {shown(host)}", name)
    return url2pathname(path)


def matching(folder: Path, pattern: str) -> list[str]:
    """The files that a pattern matches, sorted, as they are spelled for `located`.

    A pattern that is itself the name of a file matches that file alone.
    """
    pattern = _without_file_scheme(pattern)
    exact = located(folder, pattern)
    if not has_magic(pattern) or exact.is_file():
        return [pattern] if exact.is_file() else []
    if isinstance(exact, Remote):
        return exact.glob()
    found = glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - relative to the folder
    return sorted(name for name in found if (folder / name).is_file())


def size_of(path: Path | Remote) -> int:
    """The size of a file in bytes."""
    return path.seen().size if isinstance(path, Remote) else path.stat().st_size


@contextlib.contextmanager
def reported(url: str) -> Iterator[None]:
    """Turn the exceptions of a backend into errors that name the URL.

    Each backend has its own exceptions, without a common class. A missing file is a
    FileNotFoundError.

    Raises:
        FileNotFoundError: there is nothing with that name.
        DataError: the store refuses, or cannot be reached.
    """
    try:
        yield
    except (DataError, ImportError):
        raise
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), url) from None
    except PermissionError as error:
        raise DataError(f"expected credentials that give access, found: {error}", url) from None
    except Exception as error:  # noqa: BLE001 - see above
        reason = str(error) or type(error).__name__
        raise DataError(f"expected an answer from the store, found: {reason}", url) from None


class Seen(NamedTuple):
    """The size and the version of a file in a store."""

    size: int
    tag: int
    """A number that changes when the file is written again."""


class Remote:
    """A file in a store, with the parts of `pathlib.Path` that the readers use.

    Args:
        url: where it is.

    Raises:
        DataError: no backend is known for such URLs.
        ImportError: fsspec or the backend is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        found = _URL.match(url)
        self.scheme = found["scheme"].lower() if found else ""

    def __repr__(self) -> str:
        return f"Remote({self.url!r})"

    def __str__(self) -> str:
        return self.url

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and other.url == self.url

    def __hash__(self) -> int:
        return hash(self.url)

    def __truediv__(self, name: str) -> Remote:
        return Remote(f"{self.url.rstrip('/')}/{name}")

    def is_below(self, folder: Remote) -> bool:
        """Whether this is in a folder, at any depth."""
        _, path = self.reached()
        _, above = folder.reached()
        return self.scheme == folder.scheme and f"{path}/".startswith(f"{above.rstrip('/')}/")

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return PurePosixPath(self.url).name

    @property
    def suffixes(self) -> list[str]:
        """The endings of the name, as `pathlib.Path` has them."""
        return PurePosixPath(self.url).suffixes

    def reached(self) -> tuple[Any, str]:
        """The file system (of fsspec), and the path of the file in it.

        Raises:
            DataError: no backend is known for such URLs, or it refuses the URL.
            ImportError: fsspec or the backend is not installed.
        """
        fs = _filesystem(self.scheme, self.url)
        with reported(self.url):
            # So that what others have written meanwhile is seen.
            fs.invalidate_cache()
            return fs, fs._strip_protocol(self.url)

    def seen(self) -> Seen:
        """The size and the version of the file.

        Raises:
            FileNotFoundError: there is no such file.
            DataError: the store refuses, or cannot be reached.
        """
        fs, path = self.reached()
        with reported(self.url):
            about = fs.info(path)
            if about["type"] != "file":
                raise FileNotFoundError
        # Backends describe the version differently: an ETag, a generation, a time.
        tag = hashlib.sha256(str(sorted(about.items())).encode()).digest()
        return Seen(about["size"], int.from_bytes(tag[:7], "big"))

    def is_file(self) -> bool:
        """Whether there is a file of that name."""
        try:
            self.seen()
        except FileNotFoundError:
            return False
        return True

    def glob(self) -> list[str]:
        """The URLs of the files that the URL matches as a pattern, sorted."""
        fs, path = self.reached()
        with contextlib.suppress(FileNotFoundError), reported(self.url):
            found = fs.glob(path, detail=True)
            return sorted(
                f"{self.scheme}://{name.lstrip('/')}"
                for name, about in found.items()
                if about["type"] == "file"
            )
        return []

    def open(self, _mode: Literal["rb"] = "rb", /) -> io.BufferedReader:
        """Open it for reading; the first seek copies it to this machine."""
        return io.BufferedReader(self.raw())

    def raw(self) -> io.RawIOBase:
        """The same, without a buffer."""
        return _Stream(self)

    def fetch(self, target: Path) -> None:
        """Copy the file to this machine."""
        fs, path = self.reached()
        with reported(self.url):
            fs.get_file(path, str(target))


def _filesystem(scheme: str, url: str) -> Any:  # noqa: ANN401 - of fsspec
    fsspec = optional("fsspec")
    known = optional("fsspec.registry").known_implementations.get(scheme, {})
    try:
        return fsspec.filesystem(scheme)
    except ImportError as error:
        package = known.get("class", "").partition(".")[0]
        name = {"huggingface_hub": "huggingface-hub"}.get(package, package)
        message = f"{scheme}:// needs {name}: pip install {name} ({error})"
        raise ImportError(message, name=package) from None
    except Exception as error:  # noqa: BLE001 - each backend has its own
        if scheme in fsspec.available_protocols():
            raise DataError(f"expected a store that can be used, found: {error}", url) from None
        raise DataError(
            f"expected a URL that fsspec has a backend for, such as s3:// or gs://, found "
            f"{shown(scheme + '://')}",
            url,
        ) from None


class _Stream(io.RawIOBase):
    """The bytes of a remote file, in order; the first seek copies the file to this machine."""

    def __init__(self, remote: Remote) -> None:
        super().__init__()
        self._remote = remote
        self._copy: Path | None = None
        fs, path = remote.reached()
        with reported(remote.url):
            self._file: Any = fs.open(path, "rb", block_size=_BLOCK)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        with reported(self._remote.url):
            data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        here: int = self._file.tell()
        if (offset, whence) == (0, os.SEEK_CUR) or (offset, whence) == (here, os.SEEK_SET):
            return here
        if self._copy is None:
            number, name = tempfile.mkstemp(prefix="chatfmt-")
            os.close(number)
            self._copy = Path(name)
            self._remote.fetch(self._copy)
            self._file.close()
            self._file = self._copy.open("rb")
            with contextlib.suppress(PermissionError):  # Windows keeps the name of an open file
                self._copy.unlink()  # so that it is gone even if the process is killed
            self._file.seek(here)
        return self._file.seek(offset, whence)  # type: ignore[no-any-return]

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            if self._copy is not None:
                self._copy.unlink(missing_ok=True)
        super().close()
