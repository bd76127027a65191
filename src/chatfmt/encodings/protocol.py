"""The `TokenEncoding` protocol: the interface that chatfmt needs from an encoding.

An encoding states optional abilities as its `Capabilities`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Capabilities", "TokenEncoding", "capabilities_of"]


class Capabilities(NamedTuple):
    """Optional abilities of an encoding, and its limits.

    >>> Capabilities(longest_run=900_000).longest_run
    900000
    """

    encode_joined: Callable[[str, str], bytes] | None = None
    """The ids of texts that are joined by a special token, as packed uint32; the arguments are the
    joined text and the spelling of the token. Faster than text by text."""
    encode_texts: Callable[[Sequence[str]], list[bytes] | None] | None = None
    """The ids of each of many texts, as packed uint32, by a faster encoder; None if there is none.
    UnicodeEncodeError if a text has no UTF-8 form."""
    decode_bytes: Callable[[list[int]], bytes] | None = None
    """The bytes of many ids in one call; KeyError if one of them does not exist."""
    longest_run: int | None = None
    """The largest number of characters in a run without a break (see `chatfmt.encodings.guard`)
    that the encoder takes; None if there is no limit."""


@runtime_checkable
class TokenEncoding(Protocol):
    """The interface that chatfmt needs from an encoding; any object with these five members works.

    An encoding that can do more says so in a further attribute, ``capabilities``: a
    ``Capabilities``.

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
        """The ids of a text; spellings of special tokens are ordinary text."""

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError if the encoding has no such id.

        Callers pass an int: ``chatfmt.encodings.ids.as_id`` converts other integers.
        """


def capabilities_of(encoding: TokenEncoding) -> Capabilities:
    """The stated capabilities of an encoding; empty ones if it states none.

    >>> from chatfmt.encodings import TiktokenEncoding, get_encoding
    >>> capabilities_of(TiktokenEncoding(get_encoding("o200k_im"))).longest_run
    900000
    """
    # not isinstance: Python 3.11 would evaluate all properties, fingerprint included
    stated = getattr(encoding, "capabilities", None)
    return stated if isinstance(stated, Capabilities) else Capabilities()
