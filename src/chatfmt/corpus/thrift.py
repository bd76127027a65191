r"""Thrift's compact protocol, in which the footer of a Parquet file is written.

A struct is read without a schema, as fields by number, and written back the same way: fields that
are unknown here stay unchanged. Kinds that are not in footers (maps, sets) are not read.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["I64", "STRUCT", "Struct", "read", "write"]

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, _SET, _MAP, STRUCT = range(1, 13)


Struct: TypeAlias = dict[int, tuple[int, Any]]
"""Fields by number: for each, the number of its kind, and its value.

A list holds the kind of all its values, and the values.
"""


def read(data: bytes) -> Struct:
    r"""The struct at the beginning of some bytes.

    >>> read(b"\x15\x04\x28\x02hi\x00")
    {1: (5, 2), 3: (8, b'hi')}

    Raises:
        ValueError: it has a value of a kind that is not read.
    """
    return _Reader(data).struct()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _varint(self) -> int:
        found = shift = 0
        while (byte := self._byte()) & 0x80:
            found |= (byte & 0x7F) << shift
            shift += 7
        return found | byte << shift

    def _number(self) -> int:
        folded = self._varint()  # 0, -1, 1, -2, …
        return folded >> 1 ^ -(folded & 1)

    def value(self, kind: int) -> Any:  # noqa: ANN401 - of any kind
        """A value of this kind, as in a field."""
        if kind in (I16, I32, I64):
            return self._number()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == LIST:
            return self._items()
        if kind == STRUCT:
            return self.struct()
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind in (BYTE, DOUBLE):
            return self._bytes(1 if kind == BYTE else 8)
        raise ValueError(f"expected a kind of value that footers have, found number {kind}")

    def _items(self) -> tuple[int, list[Any]]:
        head = self._byte()
        kind, size = head & 15, head >> 4
        if size == _LONG:
            size = self._varint()
        # A field has a truth value in its kind, but a list has a byte for each.
        read = self._byte if kind in (TRUE, FALSE) else lambda: self.value(kind)
        return kind, [read() for _ in range(size)]

    def struct(self) -> Struct:
        """Fields up to the end of a struct."""
        found: Struct = {}
        number = 0
        while head := self._byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self._number()
            found[number] = (kind, self.value(kind))
        return found


_LONG = 15
"""In place of a size or a step of at least this much, which then follows."""


def write(struct: Struct) -> bytes:
    r"""The bytes of a struct.

    >>> write({1: (I32, 2), 40: (LIST, (I64, [-1]))})
    b'\x15\x04\tP\x16\x01\x00'
    """
    out = bytearray()
    _write_struct(struct, out)
    return bytes(out)


def _write_varint(number: int, out: bytearray) -> None:
    while number > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _write_number(number: int, out: bytearray) -> None:
    _write_varint(number << 1 if number >= 0 else ~number << 1 | 1, out)


def _write_binary(data: bytes, out: bytearray) -> None:
    _write_varint(len(data), out)
    out += data


def _write_items(items: tuple[int, list[Any]], out: bytearray) -> None:
    kind, values = items
    size = len(values)
    out.append(min(size, _LONG) << 4 | kind)
    if size >= _LONG:
        _write_varint(size, out)
    for value in values:
        if kind in (TRUE, FALSE):
            out.append(value)
        else:
            _WRITERS[kind](value, out)


def _write_struct(struct: Struct, out: bytearray) -> None:
    before = 0
    for number, (kind, value) in struct.items():
        step = number - before
        if 0 < step <= _LONG:
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _write_number(number, out)
        if kind not in (TRUE, FALSE):
            _WRITERS[kind](value, out)
        before = number
    out.append(0)


def _write_bytes(data: bytes, out: bytearray) -> None:
    out += data


_WRITERS: dict[int, Callable[[Any, bytearray], None]] = {
    BYTE: _write_bytes,
    I16: _write_number,
    I32: _write_number,
    I64: _write_number,
    DOUBLE: _write_bytes,
    BINARY: _write_binary,
    LIST: _write_items,
    STRUCT: _write_struct,
}
