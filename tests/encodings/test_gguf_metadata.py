"""The metadata of a GGUF file, of every type, and files that are damaged."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.encodings.gguf_metadata import read_metadata
from chatfmt.errors import EncodingError
from gguf_file import gguf, text, value

if TYPE_CHECKING:
    from pathlib import Path

TYPES: dict[int, Any] = {
    **dict.fromkeys((0, 1, 2, 3, 4, 5, 10, 11), 7),
    6: 0.5,
    7: True,
    8: "é",
    12: -0.25,
}


def read(data: bytes, tmp_path: Path, *wanted: str) -> dict[str, Any]:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    return dict(read_metadata(path, lambda key: not wanted or key in wanted))


def test_a_value_of_each_type_and_a_list_of_each(tmp_path: Path) -> None:
    for version in (2, 3):
        data = b"GGUF" + struct.pack("<IQQ", version, 0, 2 * len(TYPES) + 1)
        for kind, one in TYPES.items():
            data += text(f"one {kind}") + struct.pack("<I", kind) + value(kind, one)
            data += text(f"list {kind}") + struct.pack("<I", 9) + value(9, (kind, [one, one]))
        data += text("nested") + struct.pack("<I", 9) + value(9, (9, [(8, ["a"]), (4, [])]))
        found = read(data + b"weights", tmp_path)
        for kind, one in TYPES.items():
            assert found[f"one {kind}"] == one
            assert found[f"list {kind}"] == [one, one]
        assert found["nested"] == [["a"], []]
        assert read(data, tmp_path, "one 8", "no") == {"one 8": "é"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GGUF", "damaged at byte 4"),
        (gguf({"a": 1}, version=1), "of version 2 or 3, found one that begins b'GGUF', version 1"),
        (b"FUGG" + gguf({})[4:], "found one that begins b'FUGG'"),
        (gguf({"a": "word"})[:-1], "damaged at byte .*: a text has 3 bytes of 4"),
        (gguf({"a": [1, 2]})[:-1], "damaged at byte"),
        (gguf({"a": 1})[:-8] + struct.pack("<II", 13, 1), "unknown type 13"),
        (gguf({})[:-8] + struct.pack("<QQ", 1, 2**60), "a text or a list would have 1,152,"),
        (gguf({})[:-8] + struct.pack("<QQ", 1, 1) + b"\xff", "'utf-8' codec"),
        (gguf({})[:-8] + struct.pack("<Q", 1) + text("a") + struct.pack("<I", 9)
         + struct.pack("<IQ", 9, 1) * 5000, "damaged at byte"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(EncodingError, match=reason):
        read(data, tmp_path)
