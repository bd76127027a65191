"""Files to rows, as a stream: JSON Lines, JSON, Parquet; the first two plain, gzip-ed or zstd-ed.

What cannot be used as it stands comes as a row with an error, and reading goes on with the next
one. Where it cannot go on (a damaged archive, a JSON array that breaks off), the error is the
last row, after all the whole ones.
"""

from __future__ import annotations

import codecs
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import date, time
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from chatfmt.adapters.fields import Field, describe
from chatfmt.errors import DataError

__all__ = ["FILE_FORMATS", "Row", "iter_rows"]

_CHUNK = 1 << 16  # bytes read at once
_PACKED_CHUNK = 1 << 10  # the same for an archive: a byte of it may stand for thousands
_BATCH = 256  # rows of a Parquet file decoded at once
_MAX_NESTING = 200  # brackets inside brackets; the same for every caller, however deep its stack

_SPACE = re.compile(r"[ \t\r\n]*")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
# Errors of the JSON decoder that further text could mend stand this close to the end of it.
_NEAR_END = 12


class Row(NamedTuple):
    """One row of a file: its value, or what is wrong with it."""

    file: str
    line: int
    """1-based: the line in JSON Lines, the number of the row elsewhere."""
    value: dict[str, Any] | None
    error: DataError | None = None


class _Damaged(Exception):  # noqa: N818 - never leaves this file
    """The bytes of a file end early, or are not what its name says."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def iter_rows(path: str | Path, *, format: str | None = None) -> Iterator[Row]:
    r"""The rows of a file, one at a time, in order.

    Args:
        path: a file called ``*.jsonl`` (or ``.ndjson``), ``*.json`` or ``*.parquet``; all but
            Parquet also with a further ``.gz`` or ``.zst``. A ``.json`` file holds one array of
            objects, or objects one after the other.
        format: ``jsonl``, ``ndjson``, ``json`` or ``parquet`` for a file that is called otherwise.

    Raises:
        DataError: for a file whose format is not known, at once.

    Lines of JSON Lines end at ``"\n"`` alone: U+2028 is text. Invalid JSON or UTF-8, a key that
    stands twice in one object, NaN and Infinity, and more than 200 levels of nesting are refused.
    A file is held in memory no further than one row of it, or one batch of a Parquet file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.jsonl")
    ...     _ = path.write_text('{"prompt": "2+2?"}\n{"prompt": NaN}\n')
    ...     [(row.line, row.value, row.error and row.error.reason) for row in iter_rows(path)]
    [(1, {'prompt': '2+2?'}, None), (2, None, 'expected JSON, found the constant NaN')]
    """
    path = Path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes] or [""]
    decompress = _COMPRESSIONS.get(suffixes[-1])
    if decompress is not None:
        suffixes.pop()
    name = format or "".join(suffixes[-1:]).removeprefix(".")
    if name not in FILE_FORMATS:
        known = ", ".join(FILE_FORMATS)
        raise DataError(f"expected a file of a format among {known}, found {name!r}", str(path))
    return FILE_FORMATS[name](path, decompress)


def _optional(name: str) -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        message = f"this file needs {package}: pip install 'chatfmt[data]'"
        raise ImportError(message, name=package) from None


# ---- bytes


_Decompress = Callable[[], tuple[str, Callable[[], _Decompressor], type[Exception]]]


def _gzip() -> tuple[str, Callable[[], _Decompressor], type[Exception]]:
    return "gzip", lambda: zlib.decompressobj(wbits=16 + zlib.MAX_WBITS), zlib.error


def _zstd() -> tuple[str, Callable[[], _Decompressor], type[Exception]]:
    zstandard = _optional("zstandard")
    return "zstd", zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError


_COMPRESSIONS: dict[str, _Decompress] = {".gz": _gzip, ".zst": _zstd}


def _chunks(path: Path, decompress: _Decompress | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        if decompress is None:
            yield from iter(lambda: file.read(_CHUNK), b"")
        else:
            packed = iter(lambda: file.read(_PACKED_CHUNK), b"")
            yield from _decompressed(packed, *decompress())


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
                raise _Damaged(message) from None
            yield plain
            rest = stream.unused_data
        taken += len(chunk)
    if not stream.eof:
        message = f"the {name} data break off at byte {taken}, the end of the file"
        raise _Damaged(message)


# ---- JSON


class _Strict:
    """A JSON decoder that notes what JSON does not allow but Python's decoder lets pass."""

    def __init__(self) -> None:
        # Noted, not raised: the decoder goes on, so that the next row can be found.
        self.faults: list[str] = []
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_float=self._float,
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            self.faults.append(f"expected each key once in an object, found {twice!r} twice")
        return members

    def _constant(self, name: str) -> None:
        self.faults.append(f"expected JSON, found the constant {name}")

    def _float(self, text: str) -> float:
        value = float(text)
        if math.isinf(value):
            self.faults.append(f"expected a number that fits a double, found {text}")
        return value

    def row(self, file: str, number: int, value: object, text: str) -> Row:
        """The row of a decoded value; text is what it was decoded from."""
        faults, self.faults = self.faults, []
        if faults:
            return _bad_row(file, number, faults[0])
        if not isinstance(value, dict):
            return _bad_row(file, number, f"expected an object, found {describe(value)}")
        if text.count("[") + text.count("{") > _MAX_NESTING and _nesting(value) > _MAX_NESTING:
            return _bad_row(file, number, _TOO_DEEP)
        if _SURROGATE_ESCAPE.search(text) and (field := _find_surrogate(value)) is not None:
            return _bad_row(file, number, _SURROGATE, field.path)
        return Row(file, number, value)


_TOO_DEEP = f"expected at most {_MAX_NESTING} levels of nesting, found more"
_SURROGATE = "expected text, found a lone surrogate (half of an escaped pair)"


def _bad_row(file: str, number: int, reason: str, field: str | None = None) -> Row:
    return Row(file, number, None, DataError(reason, file, number, field))


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _nesting(value: object) -> int:
    level, depth = [value], 0
    while level:
        depth += any(isinstance(item, dict | list) for item in level)
        level = [child for item in level for child in _children(item)]
    return depth


def _find_surrogate(row: dict[str, Any]) -> Field | None:
    fields = [Field(row)]
    while fields:
        field = fields.pop()
        match field.value:
            case str() as text if any("\ud800" <= char <= "\udfff" for char in text):
                return field
            case dict() as members:
                for key in members:
                    if any("\ud800" <= char <= "\udfff" for char in key):
                        return field
                fields += [Field(item, f".{key}", field) for key, item in members.items()]
            case list() as items:
                fields += [Field(item, f"[{index}]", field) for index, item in enumerate(items)]
    return None


def _read_lines(path: Path, decompress: _Decompress | None) -> Iterator[Row]:
    file, strict, number = str(path), _Strict(), 0
    try:
        for number, line in enumerate(_split(_chunks(path, decompress)), 1):
            yield _read_line(file, number, line, strict)
    except _Damaged as damage:
        yield _bad_row(file, number + 1, f"{damage}; the {number} lines before are read, no more")


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield b"".join([*begun, line])
            begun = []
        begun.append(rest)
    if last := b"".join(begun):
        yield last


def _read_line(file: str, number: int, line: bytes, strict: _Strict) -> Row:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return _bad_row(file, number, _not_utf8(error, f"byte {error.start + 1} of the line"))
    if not text.strip(" \t\r"):
        return _bad_row(file, number, "expected an object, found an empty line")
    try:
        value = strict.decoder.decode(text)
    except RecursionError:
        strict.faults.clear()
        return _bad_row(file, number, _TOO_DEEP)
    except ValueError as error:
        strict.faults.clear()
        return _bad_row(file, number, _not_json(error))
    return strict.row(file, number, value, text)


def _not_utf8(error: UnicodeDecodeError, where: str) -> str:
    return f"expected UTF-8, found byte 0x{error.object[error.start]:02x} at {where}"


def _not_json(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        hint = "a byte order mark" if error.doc.startswith("\ufeff") else error.msg
        return f"expected JSON, found at character {error.pos + 1}: {hint}"
    return f"expected JSON, found {error}"  # a number with too many digits


def _decoded(chunks: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk, final in chain(((chunk, False) for chunk in chunks), [(b"", True)]):
        try:
            text = decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            if text := error.object[: error.start].decode():
                yield text
            raise
        if text:
            yield text


class _Window:
    """The part of a text that is looked at: it slides over the chunks of a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = _decoded(chunks)
        self._fault: Exception | None = None
        self.text = ""
        self.at = 0

    def _more(self) -> bool:
        # At least as much again as is there, so that a long element is not scanned for each chunk.
        parts, want = [self.text[self.at :]], len(self.text) - self.at
        while want >= 0 and (chunk := self._next()):
            parts.append(chunk)
            want -= len(chunk)
        if len(parts) == 1 and self._fault is not None:
            raise self._fault
        self.text, self.at = "".join(parts), 0
        return len(parts) > 1

    def _next(self) -> str:
        try:
            return next(self._chunks, "")
        except (_Damaged, UnicodeDecodeError) as fault:
            self._fault = fault  # raised once all the text before it is read
            return ""

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def seek(self, *, in_array: bool, first: bool) -> bool:
        """Go to the next object; False at the end. Anything else is a ValueError."""
        char = self.peek()
        if char == ("]" if in_array else ""):
            self.at += len(char)
            if self.peek():
                raise ValueError(f"expected the file to end with the array, found {self.peek()!r}")
            return False
        if in_array and not first:
            if char != ",":
                raise ValueError(f"expected a comma or the end of the array, found {_shown(char)}")
            self.at += 1
            char = self.peek()
        if char != "{":
            raise ValueError(f"expected an object, found {_shown(char)}")
        return True

    def take(self, strict: _Strict) -> tuple[object, str]:
        """The object that begins here, and its text."""
        while True:
            try:
                value, stop = strict.decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                strict.faults.clear()
                at = error.pos - self.at
                near_end = error.pos > len(self.text) - _NEAR_END
                if (near_end or error.msg.startswith("Unterminated")) and self._more():
                    continue
                reason = f"expected JSON, found at character {at + 1} of the row: {error.msg}"
                raise ValueError(reason) from None
            text = self.text[self.at : stop]
            self.at = stop
            return value, text


def _shown(char: str) -> str:
    return repr(char) if char else "the end of the file"


def _read_document(path: Path, decompress: _Decompress | None) -> Iterator[Row]:
    file, strict, number = str(path), _Strict(), 1
    window = _Window(_chunks(path, decompress))
    try:
        in_array = window.peek() == "["
        window.at += in_array
        while window.seek(in_array=in_array, first=number == 1):
            value, text = window.take(strict)
            yield strict.row(file, number, value, text)
            number += 1
    except _Damaged as damage:
        reason = str(damage)
    except UnicodeDecodeError as error:
        reason = _not_utf8(error, "some place in this row")
    except RecursionError:
        reason = _TOO_DEEP
    except ValueError as error:
        reason = str(error)
    else:
        return
    yield _bad_row(file, number, f"{reason}; the {number - 1} rows before are read, no more")


# ---- Parquet


def _read_parquet(path: Path, decompress: _Decompress | None) -> Iterator[Row]:
    if decompress is not None:
        message = "expected a Parquet file as it is: it is compressed inside, decompress it first"
        raise DataError(message, str(path))
    return _parquet_rows(path, _optional("pyarrow"), _optional("pyarrow.parquet"))


def _parquet_rows(
    path: Path,
    pyarrow: Any,  # noqa: ANN401 - a module
    parquet: Any,  # noqa: ANN401 - a module
) -> Iterator[Row]:
    file, number = str(path), 1
    with path.open("rb") as source:
        try:
            for batch in parquet.ParquetFile(source).iter_batches(batch_size=_BATCH):
                for value in batch.to_pylist(maps_as_pydicts="strict"):
                    yield _plain_row(file, number, value)
                    number += 1
        except (pyarrow.ArrowException, OSError) as error:
            reason = (
                f"expected Parquet, found: {error}; the {number - 1} rows before are read, no more"
            )
            yield _bad_row(file, number, reason)


def _plain_row(file: str, number: int, value: dict[str, Any]) -> Row:
    """The row as JSON could have said it: dates become ISO 8601 text, bytes are refused."""
    try:
        return Row(file, number, _plain(Field(value)))
    except DataError as error:
        return _bad_row(file, number, error.reason, error.field)


def _plain(field: Field) -> Any:  # noqa: ANN401 - any JSON value
    match field.value:
        case None | bool() | int() | str():
            return field.value
        case float() if math.isfinite(field.value):
            return field.value
        case dict() as members:
            return {key: _plain(Field(item, f".{key}", field)) for key, item in members.items()}
        case list() as items:
            return [_plain(Field(item, f"[{i}]", field)) for i, item in enumerate(items)]
        case date() | time():
            return field.value.isoformat()
    raise field.expected("what JSON can say")


FILE_FORMATS: dict[str, Callable[[Path, _Decompress | None], Iterator[Row]]] = {
    "jsonl": _read_lines,
    "ndjson": _read_lines,
    "json": _read_document,
    "parquet": _read_parquet,
}
