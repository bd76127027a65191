"""What chatfmt needs to know of an encoding: the `TokenEncoding` protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TokenEncoding"]


@runtime_checkable
class TokenEncoding(Protocol):
    """What chatfmt asks of an encoding; anything with these five will do.

    >>> from chatfmt.encodings import TiktokenEncoding, get_encoding
    >>> encoding: TokenEncoding = TiktokenEncoding(get_encoding("o200k_im"))
    >>> encoding.encode_ordinary("hello<|im_end|>")
    [24912, 27, 91, 321, 13707, 91, 29]
    >>> encoding.token_bytes(24912)
    b'hello'
    >>> encoding.special_tokens["<|im_end|>"], encoding.n_vocab, encoding.fingerprint[:8]
    (200265, 200267, '2268c786')
    """

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """Spelling to id of every special token. No text ever encodes to one of these ids."""

    @property
    def n_vocab(self) -> int:
        """One more than the highest id; there may be gaps below it."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of everything that decides which ids a text gets."""

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text, special-token spellings being text like any other."""

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError where the encoding has no such id.

        Whoever asks gives an int: ``chatfmt.encodings.ids.as_id`` makes one of other integers.
        """
