"""Encode many texts in one call of the encoder.

The texts are joined with a special token as separator, which an encoder never merges across,
encoded at once, and cut apart again. If the encoder has no such call, or a text spells the
separator, may be too long, or is refused, the caller encodes them one by one, to the same ids.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from chatfmt.errors import EncodingError
from chatfmt.wire.fast.packed import SIZE, pack

if TYPE_CHECKING:
    from chatfmt.wire.binding import Binding

__all__ = ["JoinedCall"]


class JoinedCall:
    """Encodes many texts at once, for one format in one encoding."""

    def __init__(self, binding: Binding) -> None:
        encoding, can = binding.encoding, binding.capabilities
        self._encode, self._each = can.encode_joined, can.encode_texts
        self._longest = can.longest_run or sys.maxsize
        # preferably one that the format does not use, since texts may quote those
        separators = [
            (token in binding.ids, token, pack([number]))
            for token, number in encoding.special_tokens.items()
            if not _overlaps(token) and is_seen_whole(number, encoding.n_vocab)
        ]
        _, self._separator, self._item = min(separators, default=(True, "", b""))

    def encode(self, texts: list[str]) -> bytes | list[bytes] | None:
        """The packed ids of all texts, with those of the separator between them, or of each text.

        None means that they must be encoded one by one. Several threads may call it at once.
        """
        if sum(map(len, texts)) > self._longest and max(map(len, texts)) > self._longest:
            return None
        if len(texts) > 1 and (found := self._quickly(texts)) is not None:
            return found
        if self._encode is None or not self._separator:
            return None
        joined = self._separator.join(texts)
        try:
            return self._encode(joined, self._separator)
        except (UnicodeEncodeError, EncodingError):  # encoding them one by one shows which text
            return None

    def _quickly(self, texts: list[str]) -> list[bytes] | None:
        try:
            return None if self._each is None else self._each(texts)
        except UnicodeEncodeError:
            return None

    def apart(self, packed: bytes | list[bytes] | None, count: int) -> list[bytes] | None:
        """The packed ids of each text; None if a text spells the separator."""
        if not isinstance(packed, bytes):
            return packed
        found = packed.split(self._item)
        return found if len(found) == count else None


def _overlaps(token: str) -> bool:
    """Whether it can overlap with itself, so that more may be found than were inserted."""
    return any(token.startswith(token[-n:]) for n in range(1, len(token)))


def is_seen_whole(number: int, n_vocab: int) -> bool:
    """Whether the bytes of this id are never seen across two neighbouring ids.

    The highest byte of every id in the vocabulary is zero, and none of the other bytes of this id
    is. A match that began inside an id would have that zero where this id has none.
    """
    width = max(1, ((n_vocab - 1).bit_length() + 7) // 8)
    return width < SIZE and all(number.to_bytes(width, "little"))
