"""An encoding with further special tokens, made in no time."""

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
    """An encoding, and fresh ids for what special tokens of a format it lacks.

    The same ids as `chatfmt.extend_encoding` would give; but that builds a whole new encoding,
    which is too slow and too large to do while a user types a format line.

    Args:
        encoding: its name.
        format: the format whose special tokens are needed.
        base: the encoding.

    Raises:
        EncodingError: a spelling is an ordinary token of the encoding already.
    """

    def __init__(self, encoding: str, format: ChatFormat, base: TokenEncoding) -> None:
        self.encoding = encoding
        lacking = [token for token in format.special_tokens if token not in base.special_tokens]
        for spelling in lacking:
            if _is_ordinary(spelling, base):
                raise EncodingError(
                    f"{named(spelling)} is an ordinary token of {encoding} already, so it "
                    "cannot be a special one; spell it otherwise"
                )
        self._base = base
        self.created = {spelling: base.n_vocab + i for i, spelling in enumerate(lacking)}
        self._spellings = {token: spelling for spelling, token in self.created.items()}
        self.special_tokens: Mapping[str, int] = {**base.special_tokens, **self.created}
        self.n_vocab = base.n_vocab + len(lacking)
        self.encode_ordinary = base.encode_ordinary
        # the base knows nothing of the created tokens, so its calls for many do not
        self.capabilities = Capabilities(longest_run=capabilities_of(base).longest_run)

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError where there is no such id."""
        spelling = self._spellings.get(token)
        return self._base.token_bytes(token) if spelling is None else spelling.encode()

    def size(self, token: int) -> int:
        """How many bytes an id has; 0 where there is no such id."""
        try:
            return len(self.token_bytes(token))
        except KeyError:
            return 0

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the encoding's own and the created tokens."""
        created = json.dumps(self.created, sort_keys=True)
        return hashlib.sha256(f"{self._base.fingerprint} {created}".encode()).hexdigest()


def _is_ordinary(spelling: str, encoding: TokenEncoding) -> bool:
    """Whether a text is one token already, which could not be told from a special one."""
    if isinstance(encoding, TiktokenEncoding):
        return spelling.encode() in encoding.encoding._mergeable_ranks
    ids = encoding.encode_ordinary(spelling)
    return len(ids) == 1 and encoding.token_bytes(ids[0]) == spelling.encode()
