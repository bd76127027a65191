"""A vocabulary small enough to try every token: bytes, some longer texts, special tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt import ChatTokenizer, get_format

if TYPE_CHECKING:
    from collections.abc import Mapping


class Bytes:
    """A vocabulary of bytes, of some longer texts, and of special tokens."""

    fingerprint = "bytes"
    longer = (
        *(text.encode() for text in ('{"', '": ', "name", "tide", " to=", '"}', "\n\n", "final")),
        *(text.encode() for text in ("analysis", "functions.", "}\n", "ti", "aé", "é中")),
        b"a\xc3",
        b"\xa9a",
        b"\xff",
        b"a\xff",
    )

    def __init__(self, specials: tuple[str, ...]) -> None:
        first = 256 + len(self.longer)
        self.special_tokens: Mapping[str, int] = {s: first + i for i, s in enumerate(specials)}
        self.n_vocab = first + len(specials) + 2

    def encode_ordinary(self, text: str) -> list[int]:
        return [*text.encode()]

    def token_bytes(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else dict(enumerate(self.longer, 256))[token]


def tokenizer(name: str) -> ChatTokenizer:
    row = get_format(name)
    return ChatTokenizer(row, Bytes((*row.special_tokens, "<|other|>")))
