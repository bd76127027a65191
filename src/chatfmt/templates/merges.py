"""The merges of byte pair encoding, out of the ranks of its tokens.

tiktoken lists tokens by rank, and merges two neighbours if what they are together has the lowest
rank. Hugging Face lists pairs. A token comes of one pair alone: when its turn comes, all that has
a lower rank has been merged, so its bytes are what they are when nothing else stands around them.
A token that has more than two parts then is never merged, and only a piece of text that is just
this token becomes it; both libraries do that, the second with ``ignore_merges``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["merges_of"]


def merges_of(ranks: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """The pairs that are merged, in the order of their ranks.

    >>> [*merges_of({b"a": 0, b"b": 1, b"ab": 2, b"abab": 3, b"bab": 4})]
    [(b'a', b'b'), (b'ab', b'ab'), (b'b', b'ab')]
    """
    for token in sorted(ranks, key=ranks.__getitem__):
        if len(token) > 1:
            parts = _split(token, ranks)
            if len(parts) == len((0, 1)):
                yield parts[0], parts[1]


def _split(token: bytes, ranks: Mapping[bytes, int]) -> list[bytes]:
    """The parts of a token after all merges of a lower rank than its own."""
    limit = ranks[token]
    parts = [token[at : at + 1] for at in range(len(token))]
    joined = [ranks.get(token[at : at + 2], limit) for at in range(len(token) - 1)]
    while joined:
        lowest = min(joined)
        if lowest >= limit:
            break
        at = joined.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        del joined[at]
        if at:
            joined[at - 1] = ranks.get(parts[at - 1] + parts[at], limit)
        if at < len(joined):
            joined[at] = ranks.get(parts[at] + parts[at + 1], limit)
    return parts
