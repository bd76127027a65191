"""Encodings that break a promise, and the small vocabulary on which they are built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tiktoken

from chatfmt.encodings import TiktokenEncoding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["IM", "RANKS", "Changed", "small"]

RANKS = {bytes([i]): i for i in range(256)} | {b"ab": 256, b" a": 257, b"<|": 258, b"|>": 259}
IM = {"<|im_start|>": 300, "<|im_end|>": 301, "<|im_sep|>": 302}


def small(special_tokens: Mapping[str, int] | None = None, **changes: Any) -> tiktoken.Encoding:
    """The bytes, four longer tokens, and the special tokens of ``gpt-4o``."""
    arguments = {"pat_str": r"\s*\w+|\W+", "mergeable_ranks": RANKS} | changes
    special = IM if special_tokens is None else special_tokens
    return tiktoken.Encoding("small", special_tokens=dict(special), **arguments)


class Changed:
    """The protocol over `small`, whose encoder sees a changed text or gives other ids."""

    def __init__(
        self,
        text: Callable[[str], str] = str,
        ids: Callable[[list[int]], Any] = list,
        special_tokens: Mapping[str, Any] | None = None,
        names: Mapping[int, bytes] | None = None,
    ) -> None:
        self._inner = TiktokenEncoding(small())
        self._text, self._ids = text, ids
        self._names = names or {}
        self.special_tokens = (
            self._inner.special_tokens if special_tokens is None else special_tokens
        )
        self.n_vocab = self._inner.n_vocab
        self.fingerprint = "0" * 64
        self.calls = 0

    def encode_ordinary(self, text: str) -> list[int]:
        self.calls += 1
        found: list[int] = self._ids(self._inner.encode_ordinary(self._text(text)))
        return found

    def token_bytes(self, token: int) -> bytes:
        return self._names.get(token) or self._inner.token_bytes(token)
