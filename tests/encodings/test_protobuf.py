"""Protobuf messages are read as they were written, and anything else is refused."""

from __future__ import annotations

import random

import pytest

from chatfmt.encodings.protobuf import fields, float_of
from sentencepiece_file import field


def test_what_was_written_is_read() -> None:
    chance = random.Random(1)  # noqa: S311 - the same every time
    for _ in range(300):
        written: list[tuple[int, int | bytes]] = [
            (
                chance.randrange(1, 2 ** chance.randrange(1, 29)),
                chance.getrandbits(chance.randrange(1, 65))
                if chance.random() < 0.5
                else chance.randbytes(9),
            )
            for _ in range(chance.randrange(6))
        ]
        data = b"".join(field(*item) for item in written)
        assert [*fields(data)] == written


def test_floats_are_bits() -> None:
    ((number, bits),) = fields(field(2, -2.5))
    assert number == 2
    assert isinstance(bits, int)
    assert float_of(bits) == -2.5
    assert [*fields(b"\x09" + bytes([1, *[0] * 7]))] == [(1, 1)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x08", "expected a number that ends, found none at byte 1"),
        (b"\x08\x80", "expected a number that ends"),
        (b"\x08" + b"\x80" * 11, "expected a number that ends"),
        (b"\x12\x05abc", "expected 5 bytes from byte 2 on, found 3"),
        (b"\x15\0\0", "expected 4 bytes"),
        (b"\x0b", "unknown kind 3"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(fields(data))
