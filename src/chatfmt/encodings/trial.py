"""Texts that distinguish encoders: one by Unicode tables, thousands by how text is split."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CANARY", "trial_texts"]

_ADDED = {
    "5.2": "\u0800\ua4d0\U00010b60",
    "6.0": "\u0620\ua78e\U00011000",
    "6.1": "\u08a0\ua792\U00010980",
    "7.0": "\u0528\ua796\U00010350\U0001e800",
    "8.0": "\u08b3\ua7b5\uab70\U00011280",
    "9.0": "\u08b6\u1c80\U0001e900\U00011c00",
    "10.0": "\u0860\u09fc\U00011a00\U0002ceb0",
    "11.0": "\u0560\u1c90\ua7b8\U00010f00",
    "12.0": "\u0e86\ua7ba\U000119a0\U0001e100",
    "13.0": "\u08be\ua7c7\U00010e80\U00030000",
    "14.0": "\u0870\ua7c0\U00010570\U00012f90",
    "15.0": "\u0cf3\U00011240\U00011f02\U0001e030\U00031350",
    "15.1": "\U0002ebf0",
    "16.0": "\u1c89\ua7cb\u0897\U000105c0\U00010d4a\U00011380\U000116d0\U00011bc0\U00013460"
    "\U00016100\U00016d40\U0001ccf0\U0001e5d0",
    "17.0": "\u088f\u0c5c\u0cdc\u1acf\u1ae0\ua7ce\ua7d2\ua7d4\ua7f1\U00010940\U00010ec5\U00010efa"
    "\U00011b60\U00011db0\U00011de0\U00016ea0\U00016ebb\U00016ff2\U000187f8\U00018d09\U00018d1f"
    "\U00018d80\U0001e6c0\U0001e6e0\U0001e6fe\U0002b73a\U000323b0",
}
"""Letters, marks and digits by the version of Unicode that added them, one of each range.

Source: DerivedAge.txt and UnicodeData.txt of the Unicode Character Database.
"""

CANARY = " ".join(f"{character}'s" for added in _ADDED.values() for character in added)
"""A text whose ids depend on which of these characters the engine knows to be letters.

After a character that it knows, "'s" is a separate piece, and a token. Otherwise the apostrophe
joins the text before it, as punctuation does.
"""

_KINDS = " \n\rasS1.'/é中🙂\u0301\u017f"


def trial_texts() -> Iterator[str]:
    """Some thousand texts: characters of each kind next to any other two, and longer ones."""
    yield CANARY
    yield from map("".join, itertools.product(_KINDS, repeat=3))
    yield from (kind * 1000 for kind in _KINDS + "\t(\0\u00a0")
    yield "".join(map(chr, range(1, 0xD800)))
