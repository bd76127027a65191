"""An encoding with further special tokens, made in no time."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

from chatfmt.encodings import TiktokenEncoding, get_encoding
from chatfmt.encodings.protocol import Capabilities
from chatfmt.errors import EncodingError, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.line.format import ChatFormat

__all__ = ["Vocabulary"]


class Vocabulary:
    """A bundled encoding, and fresh ids for what special tokens of a format it lacks.

    The same ids as `chatfmt.extend_encoding` would give; but that builds a whole new encoding,
    which is too slow and too large to do while somebody types a format line.

    Raises:
        EncodingError: a spelling is an ordinary token of the encoding already.
    """

    def __init__(self, name: str, format: ChatFormat) -> None:
        base = _base(name)
        lacking = [token for token in format.special_tokens if token not in base.special_tokens]
        for spelling in lacking:
            if spelling.encode() in base.encoding._mergeable_ranks:
                raise EncodingError(
                    f"{named(spelling)} is an ordinary token of {name} already, so it cannot be a "
                    "special one; spell it otherwise"
                )
        self._base = base
        self.created = {spelling: base.n_vocab + i for i, spelling in enumerate(lacking)}
        self._spellings = {token: spelling for spelling, token in self.created.items()}
        self.special_tokens: Mapping[str, int] = {**base.special_tokens, **self.created}
        self.n_vocab = base.n_vocab + len(lacking)
        self.encode_ordinary = base.encode_ordinary
        # the base knows nothing of the created tokens, so its calls for many do not
        self.capabilities = Capabilities(longest_run=base.capabilities.longest_run)

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError where there is no such id."""
        spelling = self._spellings.get(token)
        return self._base.token_bytes(token) if spelling is None else spelling.encode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the encoding's own and the created tokens."""
        created = json.dumps(self.created, sort_keys=True)
        return hashlib.sha256(f"{self._base.fingerprint} {created}".encode()).hexdigest()


@cache
def _base(name: str) -> TiktokenEncoding:
    return TiktokenEncoding(get_encoding(name))
