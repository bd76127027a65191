"""A vocabulary in the form that llguidance takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llguidance import LLTokenizer

    from chatfmt.encodings import TokenEncoding
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["make_tokenizer"]

_MARK = b"\xff"  # llguidance marks special tokens with it; no text has this byte


class _Vocabulary:
    """A tokenizer as llguidance wants it."""

    bos_token_id = None

    def __init__(self, encoding: TokenEncoding) -> None:
        # The token that llguidance allows once a grammar is over. It is not in the vocabulary,
        # because the tokens that stop the model are in the grammar.
        self.eos_token_id = encoding.n_vocab
        self._encoding = encoding
        self._special = {token: text for text, token in encoding.special_tokens.items()}
        self._special[self.eos_token_id] = "<|end of the grammar|>"
        self.special_token_ids = sorted(self._special)
        self.tokens = [self._bytes(token) for token in range(encoding.n_vocab + 1)]

    def _bytes(self, token: int) -> bytes:
        if token in self._special:
            return self._special[token].encode()
        try:
            data = self._encoding.token_bytes(token)
        except KeyError:
            return b""
        return b"" if _MARK in data else data

    def __call__(self, text: bytes | str) -> list[int]:
        given = text.decode(errors="replace") if isinstance(text, bytes) else text
        return self._encoding.encode_ordinary(given)


def make_tokenizer(tok: ChatTokenizer) -> LLTokenizer:
    """See `chatfmt.serve.constrained.llguidance_tokenizer`."""
    from llguidance import LLTokenizer, TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(_Vocabulary(tok.encoding)))
