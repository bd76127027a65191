"""Small GGUF files, written by hand."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["gguf", "value"]

_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def text(written: str) -> bytes:
    data = written.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind: int, written: Any) -> bytes:
    """A value without its type; a list is a pair of the members' type and the members."""
    if kind == 8:
        return text(written)
    if kind == 9:
        inner, members = written
        head = struct.pack("<IQ", inner, len(members))
        return head + b"".join(value(inner, member) for member in members)
    return struct.pack(f"<{_FORMS[kind]}", written)


def kind_of(written: Any) -> tuple[int, Any]:
    if isinstance(written, list):
        kinds = {str: 8, float: 6, int: 5}
        return 9, (kinds[type(written[0])] if written else 5, written)
    return {bool: 7, int: 4, float: 6, str: 8}[type(written)], written


def gguf(metadata: Mapping[str, Any], version: int = 3) -> bytes:
    """A file of this metadata, and no weights."""
    pairs = ((key, *kind_of(written)) for key, written in metadata.items())
    written = (text(key) + struct.pack("<I", kind) + value(kind, one) for key, kind, one in pairs)
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(metadata)) + b"".join(written)
