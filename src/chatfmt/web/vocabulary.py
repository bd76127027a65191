"""An encoding with further special tokens, made without delay."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from chatfmt.encodings import TiktokenEncoding
from chatfmt.encodings.protocol import Capabilities, capabilities_of
from chatfmt.errors import EncodingError, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.encodings import TokenEncoding
    from chatfmt.line.format import ChatFormat

__all__ = ["Vocabulary"]


class Vocabulary:
    """An encoding, with new ids for special tokens of a format that it lacks.

    The ids are the same as those of `chatfmt.extend_encoding`, which builds a whole new encoding:
    too slow and too large while a user types a format line.

    Args:
        encoding: the name of the encoding.
        format: the format whose special tokens are needed.
        base: the encoding.

    Raises:
        EncodingError: a spelling is already an ordinary token of the encoding.
    """

    def __init__(self, encoding: str, format: ChatFormat, base: TokenEncoding) -> None:
        self.encoding = encoding
        lacking = [token for token in format.special_tokens if token not in base.special_tokens]
        for spelling in lacking:
            if _is_ordinary(spelling, base):
                raise EncodingError(
                    f"{named(spelling)} is already an ordinary token of {encoding}, so it "
                    "cannot be a special one; spell it differently"
                )
        self._base = base
        self.created = {spelling: base.n_vocab + i for i, spelling in enumerate(lacking)}
        self._spellings = {token: spelling for spelling, token in self.created.items()}
        self.special_tokens: Mapping[str, int] = {**base.special_tokens, **self.created}
        self.n_vocab = base.n_vocab + len(lacking)
        self.encode_ordinary = base.encode_ordinary
        # the base does not know the created tokens, so its calls for many ids do not either
        self.capabilities = Capabilities(longest_run=capabilities_of(base).longest_run)

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError if there is no such id."""
        spelling = self._spellings.get(token)
        return self._base.token_bytes(token) if spelling is None else spelling.encode()

    def size(self, token: int) -> int:
        """The number of bytes of an id; 0 if there is no such id."""
        try:
            return len(self.token_bytes(token))
        except KeyError:
            return 0

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the encoding's fingerprint and the created tokens."""
        created = json.dumps(self.created, sort_keys=True)
        return hashlib.sha256(f"{self._base.fingerprint} {created}".encode()).hexdigest()


def _is_ordinary(spelling: str, encoding: TokenEncoding) -> bool:
    """Whether a text is already one token, which could not be distinguished from a special one."""
    if isinstance(encoding, TiktokenEncoding):
        return spelling.encode() in encoding.encoding._mergeable_ranks
    ids = encoding.encode_ordinary(spelling)
    return len(ids) == 1 and encoding.token_bytes(ids[0]) == spelling.encode()
