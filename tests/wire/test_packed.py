"""Ids as bytes: what stands in them is found where an id begins."""

from __future__ import annotations

from chatfmt.wire.fast.packed import find, pack


def test_bytes_of_two_ids_are_no_third() -> None:
    packed = pack([7 << 24, 0, 7])
    assert packed.startswith(b"\0\0\0\x07\0\0\0")
    assert find(packed, pack([7]), 0) == 2
    assert find(packed[:8], pack([7]), 0) == -1
