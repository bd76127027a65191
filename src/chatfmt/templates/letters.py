"""Formats over an encoding whose tokens are single bytes, so that layouts compare as text.

A template writes text in which special tokens are spelled; `spelled` gives a format's ids in the
same form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from chatfmt.templates.spelling import parts
from chatfmt.tokenizer import ChatTokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.line.format import ChatFormat

__all__ = ["Letters", "ids_in", "in_letters", "spelled"]

_BYTES = [bytes([byte]) for byte in range(256)]


@dataclass(frozen=True, eq=False)
class Letters:
    """An encoding in which each byte is an id, and the special tokens come after them.

    >>> Letters({"<e>": 256}).encode_ordinary("A<e>")
    [65, 60, 101, 62]
    """

    special_tokens: Mapping[str, int]

    @property
    def n_vocab(self) -> int:
        """One more than the highest id.

        >>> Letters({"<e>": 256}).n_vocab
        257
        """
        return 256 + len(self.special_tokens)

    @property
    def fingerprint(self) -> str:
        """Distinguishes it from others: the spellings in their order.

        >>> Letters({"<e>": 256}).fingerprint
        '["<e>"]'
        """
        return str([*self.special_tokens]).replace("'", '"')

    def encode_ordinary(self, text: str) -> list[int]:
        """The bytes of a text.

        >>> Letters({}).encode_ordinary("é")
        [195, 169]
        """
        return [*text.encode()]

    def token_bytes(self, token: int) -> bytes:
        """The byte of an id; other ids raise KeyError.

        >>> Letters({}).token_bytes(65)
        b'A'
        """
        if token not in range(256):
            raise KeyError(token)
        return _BYTES[token]


def in_letters(format: ChatFormat, tokens: Sequence[str] = ()) -> ChatTokenizer:
    """A tokenizer for a format, over its special tokens, further ones, and bytes.

    >>> import chatfmt
    >>> tok = in_letters(chatfmt.get_format("chatml"))
    >>> len(tok.encode([{"role": "user", "content": "Hi"}]))
    10
    """
    spellings = dict.fromkeys((*format.special_tokens, *tokens))
    return ChatTokenizer(format, Letters({token: 256 + at for at, token in enumerate(spellings)}))


def spelled(tok: ChatTokenizer, ids: Sequence[int]) -> str:
    r"""The ids of a format over letters as text, with special tokens spelled out.

    >>> import chatfmt
    >>> tok = in_letters(chatfmt.get_format("chatml"))
    >>> spelled(tok, tok.encode([{"role": "user", "content": "Hi"}]))
    '<|im_start|>user\nHi<|im_end|>\n'
    """
    table = _table((*tok.encoding.special_tokens.items(),))
    return b"".join(map(table.__getitem__, ids)).decode()


@lru_cache(8)
def _table(special: tuple[tuple[str, int], ...]) -> list[bytes]:
    """The bytes of each id."""
    by_id = {token: spelling.encode() for spelling, token in special}
    return [*_BYTES, *(by_id[token] for token in sorted(by_id))]


def ids_in(tok: ChatTokenizer, text: str) -> list[int]:
    """The ids of a text, with its special tokens read as special.

    >>> import chatfmt
    >>> ids_in(in_letters(chatfmt.get_format("chatml")), "a<|im_end|>")
    [97, 257]
    """
    encoding = tok.encoding
    special = encoding.special_tokens
    ids: list[int] = []
    for number, part in enumerate(parts(text, [*special])):
        if number % 2:
            ids.append(special[part])
        elif part:
            ids += encoding.encode_ordinary(part)
    return ids
