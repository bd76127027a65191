"""Ids as bytes: a search finds them only where an id begins."""

from __future__ import annotations

from chatfmt.wire.fast.packed import pack, searchable


def test_bytes_of_two_ids_are_no_third() -> None:
    packed = pack([7 << 24, 0, 7])
    assert packed.startswith(b"\0\0\0\x07\0\0\0")
    ids = [7 << 8, 0, 7]
    assert searchable(ids).find(searchable([7])) == 2
    assert searchable(ids[:2]).find(searchable([7])) == -1
