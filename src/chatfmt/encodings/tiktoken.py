"""The `TokenEncoding` protocol over tiktoken, which does the byte-pair encoding."""

from __future__ import annotations

import functools
import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.bundled import get_encoding, is_bundled, is_plain
from chatfmt.encodings.fast import fast_encoder
from chatfmt.encodings.guard import LONGEST_RUN
from chatfmt.encodings.ids import as_id
from chatfmt.encodings.patterns import faster
from chatfmt.encodings.protocol import Capabilities, TokenEncoding
from chatfmt.encodings.text_bytes import missing_bytes
from chatfmt.encodings.trial import CANARY
from chatfmt.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import tiktoken

    from chatfmt.encodings.fast import FastEncoder

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
        # UnicodeEncodeError, while the wrapper would silently replace it by U+FFFD.
        self.encode_ordinary: Callable[[str], list[int]] = encoding._core_bpe.encode_ordinary

    @functools.cached_property
    def capabilities(self) -> Capabilities:
        """Many texts in one call, by a faster encoder if there is one; many ids in one call."""
        core = self.encoding._core_bpe
        joined = functools.partial(_encode_joined, core.encode_to_tiktoken_buffer)
        return Capabilities(joined, self.encode_texts, core.decode_bytes, LONGEST_RUN)

    def __repr__(self) -> str:
        return f"TiktokenEncoding({self.encoding.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        if is_bundled(self.encoding):
            # its name, not its two hundred thousand ranks
            return bundled_encoding, (self.encoding.name, not is_plain(self.encoding))
        return TiktokenEncoding, (self.encoding,)

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError if the encoding has no such id."""
        if type(token) is not int:
            token = as_id(token)
        if not 0 <= token < self.n_vocab:
            raise KeyError(token)
        return self.encoding.decode_single_token_bytes(token)

    def encode_texts(self, texts: Sequence[str]) -> list[bytes] | None:
        """The ids of each text, as packed uint32; None if there is no faster way to get them.

        Raises:
            UnicodeEncodeError: one of them has no UTF-8 form.
        """
        return None if self._faster is None else self._faster.encode(texts)

    @functools.cached_property
    def _faster(self) -> FastEncoder | None:
        return None if is_plain(self.encoding) else fast_encoder(self.encoding)

    @property
    def encoder(self) -> str:
        """The encoder for many texts: a faster one if the extra ``fast`` is installed.

        >>> from chatfmt.encodings import get_encoding
        >>> TiktokenEncoding(get_encoding("o200k_im", fast=False)).encoder.split()[0]
        'tiktoken'
        """
        return f"tiktoken {version('tiktoken')}" if self._faster is None else self._faster.name

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over split pattern, ranks, special tokens, and the ids of the canary.

        The name does not count. Which characters the pattern treats as letters depends on the
        engine's Unicode tables: `chatfmt.encodings.trial.CANARY` is a text that distinguishes them.
        """
        ranks = self.encoding._mergeable_ranks
        by_rank = sorted(ranks, key=ranks.__getitem__)
        special = sorted(self.special_tokens.items(), key=lambda item: (item[1], item[0]))
        tokens = [*by_rank, *(spelling.encode() for spelling, _ in special)]
        numbers = [*(ranks[token] for token in by_rank), *(token for _, token in special)]
        canary = [] if missing_bytes(ranks) else self.encode_ordinary(CANARY)
        pattern = faster(self.encoding._pat_str).encode()
        # With every length included, no two encodings hash the same bytes.
        lengths = [len(pattern), len(by_rank), len(special), len(canary), *map(len, tokens)]
        digest = hashlib.sha256()
        for table in (lengths, numbers, canary):
            digest.update(b" ".join([b"%d" % number for number in table]) + b"\n")
        digest.update(pattern)
        digest.update(b"".join(tokens))
        return digest.hexdigest()


def _encode_joined(encode: Callable[[str, set[str]], Any], joined: str, separator: str) -> bytes:
    return memoryview(encode(joined, {separator})).tobytes()


def as_token_encoding(encoding: tiktoken.Encoding | TokenEncoding) -> TokenEncoding:
    """Wrap a `tiktoken.Encoding`; return anything with the protocol unchanged.

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


def bundled_encoding(name: str, fast: bool = True) -> TiktokenEncoding:  # noqa: FBT001, FBT002 - pickle knows no names
    """A bundled encoding with the protocol; its pickle is a call of this function.

    >>> bundled_encoding("o200k_im")
    TiktokenEncoding('o200k_im')
    """
    return TiktokenEncoding(get_encoding(name, fast=fast))
