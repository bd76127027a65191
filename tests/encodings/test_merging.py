"""Merging with a heap gives the result of searching all neighbours, in less time."""

from __future__ import annotations

import itertools
import random
import time
from typing import TYPE_CHECKING

from chatfmt.encodings.merging import merge

if TYPE_CHECKING:
    from chatfmt.encodings.merging import Priority


def slowly(text: str, priority: Priority) -> list[str]:
    """The definition: the best pair of all, the leftmost of equals, until there is none."""
    pieces = [*text]
    while True:
        ranks = [priority(pair) for pair in itertools.pairwise(pieces)]
        known = [(rank, at) for at, rank in enumerate(ranks) if rank is not None]
        if not known:
            return pieces
        _, at = min(known)
        pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]


def test_pairs_and_pieces_are_merged_as_the_definition_says() -> None:
    chance = random.Random(2)  # noqa: S311 - the same every time
    for _ in range(400):
        words = {
            "".join(chance.choices("abc", k=chance.randrange(2, 6))): chance.randrange(9)
            for _ in range(chance.randrange(1, 20))
        }
        pairs = {(w[:at], w[at:]): rank for w, rank in words.items() for at in range(1, len(w))}
        text = "".join(chance.choices("abcd", k=chance.randrange(30)))
        for priority in (pairs.get, lambda pair, words=words: words.get("".join(pair))):
            assert merge(text, priority) == slowly(text, priority)


def test_a_long_text_takes_no_time_to_speak_of() -> None:
    ranks = {("a" * n, "a" * n): n for n in (1, 2, 4, 8)}
    started = time.process_time()
    assert merge("a" * 20_000, ranks.get) == ["a" * 16] * 1250
    assert time.process_time() - started < 10  # a quadratic search would take hours
