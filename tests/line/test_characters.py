"""Kinds of characters, and how part of a character can continue."""

from __future__ import annotations

import pytest

from chatfmt.line.characters import Characters

KINDS = Characters(["\u3000é\U0001f600", "".join(map(chr, range(0x400, 0x440)))])
EVERY = [chr(i) for i in range(0x80, 0x11_0000) if not 0xD800 <= i <= 0xDFFF]


def test_half_a_character_may_become_one_of_each_kind_that_begins_like_it() -> None:
    found: dict[bytes, set[int]] = {}
    for character in EVERY:
        data = character.encode()
        for size in range(1, len(data)):
            found.setdefault(data[:size], set()).add(KINDS.kind(character))
    for data, kinds in found.items():
        assert {KINDS.kind(character) for character in KINDS.begun_by(data)} == kinds, data


@pytest.mark.parametrize("data", [b"\xe0\xa0", b"\xed\x9f", b"\xf0\x90", b"\xf4\x8f", b"\xe2\x80"])
def test_what_half_a_character_may_become_begins_like_it(data: bytes) -> None:
    begun = KINDS.begun_by(data)
    assert begun
    assert all(character.encode().startswith(data) for character in begun)
