"""The `TokenEncoding` protocol over tiktoken, which does the byte-pair encoding."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.bundled import get_encoding, is_bundled
from chatfmt.encodings.guard import LONGEST_RUN
from chatfmt.encodings.ids import as_id
from chatfmt.encodings.patterns import faster
from chatfmt.encodings.protocol import Capabilities, TokenEncoding
from chatfmt.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import tiktoken

__all__ = ["TiktokenEncoding", "as_token_encoding", "bundled_encoding"]


class TiktokenEncoding:
    """The `TokenEncoding` protocol over a `tiktoken.Encoding`.

    >>> from chatfmt.encodings import get_encoding
    >>> encoding = TiktokenEncoding(get_encoding("o200k_im"))
    >>> encoding.encode_ordinary("hello"), encoding.token_bytes(24912)
    ([24912], b'hello')
    """

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self.encoding = encoding
        self.special_tokens: Mapping[str, int] = dict(encoding._special_tokens)
        self.n_vocab: int = encoding.n_vocab
        # The core's own method: like Encoding.encode_ordinary, but a lone surrogate raises
        # UnicodeEncodeError where the wrapper would put U+FFFD in its place without a word.
        self.encode_ordinary: Callable[[str], list[int]] = encoding._core_bpe.encode_ordinary
        core = encoding._core_bpe
        self.capabilities = Capabilities(
            functools.partial(_encode_joined, core.encode_to_tiktoken_buffer),
            core.decode_bytes,
            LONGEST_RUN,
        )

    def __repr__(self) -> str:
        return f"TiktokenEncoding({self.encoding.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        if is_bundled(self.encoding):
            return bundled_encoding, (
                self.encoding.name,
            )  # its name, not its two hundred thousand ranks
        return TiktokenEncoding, (self.encoding,)

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError where the encoding has no such id."""
        if type(token) is not int:
            token = as_id(token)
        if not 0 <= token < self.n_vocab:
            raise KeyError(token)
        return self.encoding.decode_single_token_bytes(token)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over split pattern, ranks and special tokens; the name does not count."""
        ranks = sorted((rank, token) for token, rank in self.encoding._mergeable_ranks.items())
        special = sorted(
            (token, spelling.encode()) for spelling, token in self.special_tokens.items()
        )
        digest = hashlib.sha256()
        pattern = faster(self.encoding._pat_str)
        for table in ([(0, pattern.encode())], ranks, special):
            # With every length written down, no two encodings hash the same bytes.
            digest.update(b"%d:" % len(table))
            for token, spelling in table:
                digest.update(b"%d %d " % (token, len(spelling)) + spelling)
        return digest.hexdigest()


def _encode_joined(encode: Callable[[str, set[str]], Any], joined: str, separator: str) -> bytes:
    return memoryview(encode(joined, {separator})).tobytes()


def as_token_encoding(encoding: tiktoken.Encoding | TokenEncoding) -> TokenEncoding:
    """Wrap a `tiktoken.Encoding`; let anything that has the protocol pass.

    Raises:
        EncodingError: it is neither.
    """
    import tiktoken

    if isinstance(encoding, tiktoken.Encoding):
        return TiktokenEncoding(encoding)
    # Ours first: to check a protocol, Python 3.11 evaluates its properties, fingerprint included.
    if isinstance(encoding, (TiktokenEncoding, TokenEncoding)):
        return encoding
    raise EncodingError(
        f"expected a tiktoken.Encoding or an object with the TokenEncoding protocol, found "
        f"{type(encoding).__name__}; chatfmt.load_encoding reads a file, chatfmt.hf takes "
        "a Hugging Face tokenizer"
    )


def bundled_encoding(name: str) -> TiktokenEncoding:
    """A bundled encoding with the protocol; what is pickled of it is a call of this.

    >>> bundled_encoding("o200k_im")
    TiktokenEncoding('o200k_im')
    """
    return TiktokenEncoding(get_encoding(name))
