"""Texts that tiktoken must not be given: endless runs without a break.

tiktoken splits a text at white space, letters and punctuation before it encodes. A run that it
cannot split is one piece, whose cost grows faster than its length; and from 999,999 characters of
white space on, its pattern engine gives up with a panic, which ``except Exception`` does not
catch. Runs of up to `LONGEST_RUN` characters of any kind are encoded exactly; longer ones are
refused before they are tried. An encoding with such a limit states it (see
`chatfmt.encodings.protocol.Capabilities`); others take any text.
"""

from __future__ import annotations

import regex

__all__ = ["LONGEST_RUN", "find_endless_run"]

LONGEST_RUN = 900_000
"""Characters in the longest run that is encoded."""

# Letters with their marks, white space, and everything else but digits (which come in threes).
_KINDS = [
    (regex.compile(f"{kind}*+"), regex.compile(f"(?r){kind}*+"))
    for kind in (r"[\p{L}\p{M}]", r"\s", r"[^\s\p{L}\p{N}]")
]


def find_endless_run(text: str, longest: int = LONGEST_RUN) -> int | None:
    """The offset of a run that is longer than this, or None.

    Such a run covers a multiple of ``longest``, so only those places are checked.

    >>> find_endless_run("word " * 1_000_000)
    >>> find_endless_run("word " + "a" * 1_000_000)
    5
    """
    for at in range(longest, len(text), longest):
        for forward, backward in _KINDS:
            ahead, behind = forward.match(text, at), backward.match(text, 0, at)
            if ahead and behind and ahead.end() - behind.start() > longest:
                return behind.start()
    return None
