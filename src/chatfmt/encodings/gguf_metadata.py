"""The metadata of GGUF files: keys and values before the weights, which are not read.

These sixty lines replace the package ``gguf``, which goes through every token of a list with numpy
and takes seconds for a vocabulary; the tests compare the two. Source: docs/gguf.md in
github.com/ggml-org/ggml, section "File Structure".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from chatfmt.errors import EncodingError, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["MAGIC", "Value", "read_metadata"]

Value: TypeAlias = "int | float | bool | str | list[Value]"

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
# Number of a type, to its name in struct.
_NUMBERS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_MOST = 2**28
"""Bytes of a text, and members of a list, beyond which a file counts as damaged."""


def read_metadata(path: Path, wanted: Callable[[str], bool]) -> dict[str, Value]:
    """The keys and values of a GGUF file whose keys are wanted.

    Raises:
        EncodingError: the file is damaged, or of another version.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            return _read(file, wanted)
        except (struct.error, UnicodeDecodeError, RecursionError) as error:
            raise EncodingError(
                f"expected a GGUF file, found one that is damaged at byte {file.tell():,}: {error}"
            ) from error


def _read(file: BinaryIO, wanted: Callable[[str], bool]) -> dict[str, Value]:
    magic = file.read(4)
    version, _, count = _unpack(file, "<IQQ")
    if magic != MAGIC or version not in _VERSIONS:
        raise EncodingError(
            f"expected a GGUF file of version {' or '.join(map(str, _VERSIONS))}, found one that "
            f"begins {shown(magic)}, version {version}"
        )
    found: dict[str, Value] = {}
    for _ in range(count):
        key = _text(file)
        (kind,) = _unpack(file, "<I")
        value = _value(file, kind)
        if wanted(key):
            found[key] = value
    return found


def _unpack(file: BinaryIO, form: str) -> tuple[int, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _size(file: BinaryIO) -> int:
    (size,) = _unpack(file, "<Q")
    if size > _MOST:
        raise struct.error(f"a text or a list would have {size:,} members")
    return size


def _text(file: BinaryIO) -> str:
    size = _size(file)
    data = file.read(size)
    if len(data) < size:
        raise struct.error(f"a text has {len(data)} bytes of {size}")
    return data.decode()


def _value(file: BinaryIO, kind: int) -> Value:
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        (inner,) = _unpack(file, "<I")
        size = _size(file)
        if inner in _NUMBERS:
            return [*_unpack(file, f"<{size}{_NUMBERS[inner]}")]
        return [_value(file, inner) for _ in range(size)]
    if kind not in _NUMBERS:
        raise struct.error(f"a value is of the unknown type {kind}")
    return _unpack(file, f"<{_NUMBERS[kind]}")[0]
