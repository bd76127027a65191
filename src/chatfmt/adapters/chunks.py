"""Read the bytes of files in chunks, decompressing gzip and Zstandard."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol

__all__ = [
    "LONGEST_ROW",
    "Access",
    "Damaged",
    "FilePath",
    "Unpacker",
    "chunks",
    "file_kind",
    "line_blocks",
    "lines",
    "optional",
    "too_long",
]

LONGEST_ROW = 64 << 20
"""The largest row that is read by default, in bytes."""

_CHUNK = 1 << 16  # bytes read at once
_PACKED_CHUNK = 1 << 10  # the same for an archive, where one byte may expand to thousands


class Damaged(Exception):  # noqa: N818 - the readers turn it into a row with an error
    """The bytes of a file end early, or do not match its name."""


class FilePath(Protocol):
    """A path on this machine, or a file in a store (`chatfmt.adapters.store.Remote`).

    Its text is the name of the file.
    """

    @property
    def suffixes(self) -> list[str]:
        """The endings of the name, each with its dot."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """Open the file for reading."""


def _opened(path: FilePath) -> BinaryIO:
    return path.open("rb")


class Access(NamedTuple):
    """How a file is read."""

    open: Callable[[Any], BinaryIO] = _opened
    longest_row: int = LONGEST_ROW
    """In bytes; longer rows are refused without being held in memory."""


def too_long(longest: int, found: str) -> str:
    """The error for a row that is too long."""
    return (
        f"expected a row of at most {longest:,} bytes, found {found}; pass longest_row=N to allow "
        "longer ones"
    )


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


Unpacker = Callable[[], tuple[str, Callable[[], _Decompressor], type[Exception]]]
"""The name of a compression, a factory for its decompressor, and the error that this raises."""


def optional(name: str) -> Any:  # noqa: ANN401 - a module
    """Import a module of an extra.

    Raises:
        ImportError: it is not installed; the message says which extra brings it.
    """
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        message = f"this file needs {package}: pip install 'chatfmt[data]'"
        raise ImportError(message, name=package) from None


def _gzip() -> tuple[str, Callable[[], _Decompressor], type[Exception]]:
    return "gzip", lambda: zlib.decompressobj(wbits=16 + zlib.MAX_WBITS), zlib.error


def _zstd() -> tuple[str, Callable[[], _Decompressor], type[Exception]]:
    zstandard = optional("zstandard")
    return "zstd", zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError


_UNPACKERS: dict[str, Unpacker] = {".gz": _gzip, ".zst": _zstd}


def file_kind(path: FilePath) -> tuple[str, Unpacker | None]:
    """The format of a file by its name, and how to decompress it if it is compressed.

    >>> from pathlib import Path
    >>> file_kind(Path("a/rows.JSON")), file_kind(Path("a/rows.jsonl.gz"))[0]
    (('json', None), 'jsonl')
    """
    suffixes = ["", *(suffix.lower() for suffix in path.suffixes)]
    unpacker = _UNPACKERS.get(suffixes[-1])
    if unpacker is not None:
        suffixes.pop()
    return suffixes[-1].removeprefix("."), unpacker


def chunks(path: FilePath, unpacker: Unpacker | None, access: Access) -> Iterator[bytes]:
    """The bytes of a file, decompressed.

    Raises:
        Damaged: an archive is invalid or ends early; raised after all readable bytes.
    """
    with access.open(path) as file:
        if unpacker is None:
            yield from iter(lambda: file.read(_CHUNK), b"")
        else:
            packed = iter(lambda: file.read(_PACKED_CHUNK), b"")
            yield from _decompressed(packed, *unpacker())


def _decompressed(
    packed: Iterator[bytes], name: str, new: Callable[[], _Decompressor], error: type[Exception]
) -> Iterator[bytes]:
    stream = new()
    taken = 0
    for chunk in packed:
        rest = chunk
        while rest:
            if stream.eof:  # a file may be several streams, one after the other
                stream = new()
            try:
                plain = stream.decompress(rest)
            except error as fault:
                message = f"the {name} data are damaged near byte {taken} of the file ({fault})"
                raise Damaged(message) from None
            yield plain
            rest = stream.unused_data
        taken += len(chunk)
    if not stream.eof:
        message = f"expected more {name} data, found the end of the file at byte {taken}"
        raise Damaged(message)


def lines(parts: Iterator[bytes], longest: int = LONGEST_ROW) -> Iterator[bytes | int]:
    r"""The lines of a text that arrives in parts; only ``"\n"`` ends a line, and it is removed.

    A line longer than ``longest`` is replaced by the number of its bytes.

    >>> list(lines(iter([b"ab", b"c\n\nd\re", b"\n"])))
    [b'abc', b'', b'd\re']
    >>> list(lines(iter([b"abc", b"def", b"\nab"]), longest=4))
    [6, b'ab']
    """
    for block in line_blocks(parts, longest):
        if isinstance(block, int):
            yield block
        else:
            yield from block


def line_blocks(parts: Iterator[bytes], longest: int = LONGEST_ROW) -> Iterator[list[bytes] | int]:
    r"""The same, with the lines that end in one part as a list, unless one is too long.

    >>> list(line_blocks(iter([b"ab", b"c\n\nd\re", b"\n"])))
    [[b'abc', b''], [b'd\re']]
    """
    begun: list[bytes] = []
    size = 0
    for part in parts:
        *whole, rest = part.split(b"\n")
        if whole:
            size += len(whole[0])
            whole[0] = b"".join([*begun, whole[0]])
            if size <= longest and max(map(len, whole)) <= longest:
                yield whole
            else:
                sizes = [size, *map(len, whole[1:])]
                for length, line in zip(sizes, whole, strict=True):
                    yield [line] if length <= longest else length
            begun, size = [], 0
        size += len(rest)
        if size <= longest:
            begun.append(rest)
        else:
            begun.clear()
    if size:
        yield [b"".join(begun)] if size <= longest else size
