"""The merges of byte pair encoding, derived from the ranks of its tokens.

tiktoken lists tokens by rank, and merges the two neighbours that together have the lowest rank.
Hugging Face lists pairs. A token comes from a single pair: when its turn comes, everything of a
lower rank has been merged, so its parts are those of its bytes alone, without any context. If it
still has more than two parts then, it is never merged, and only a piece of text that is exactly
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
