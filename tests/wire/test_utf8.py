"""Bytes in pieces: whole characters, and where invalid bytes begin."""

from __future__ import annotations

import pytest

from chatfmt.wire.utf8 import Utf8

ODD = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("pieces", "text", "invalid"),
    [
        ([b"a", b"b"], "ab", []),
        ([b"\xc3", b"\xa4"], "\u00e4", []),
        ([b"a\xf0\x9f", b"\xa6", b"\x89b"], "a\U0001f989b", []),
        ([b"\xff"], ODD, [0]),
        ([b"a", b"\xff\xfe", b"b"], f"a{ODD}{ODD}b", [1, 1]),
        ([b"\xc3", b"a"], f"{ODD}a", [0]),
        ([b"a\xc3", b"\xffb"], f"a{ODD}{ODD}b", [0, 1]),
        ([b"\xf0\x9f", b"a\xc3"], f"{ODD}a", [0]),
        (["\N{REPLACEMENT CHARACTER}".encode()], ODD, []),
    ],
)
def test_what_comes_in_pieces(pieces: list[bytes], text: str, invalid: list[int]) -> None:
    utf8 = Utf8()
    read = [utf8.feed(piece, position) for position, piece in enumerate(pieces)]
    assert "".join(found for found, _ in read) == text
    assert [at for _, found in read for at in found] == invalid


def test_what_is_left_at_the_end() -> None:
    utf8 = Utf8()
    assert utf8.feed(b"a\xc3", 0) == ("a", [])
    assert utf8.flush() == ODD
    assert utf8.flush() == ""
    assert utf8.feed(b"\xa4", 1) == (ODD, [1])
