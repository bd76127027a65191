"""`python -m fuzz.engines`: the characters with which splintr splits differently from tiktoken.

Every scalar value of Unicode is put into each of some contexts, and both encode it. What is printed
belongs into `chatfmt.encodings.fast.DIFFERENCES`. It takes some minutes.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from chatfmt.encodings import get_encoding
from chatfmt.encodings.fast import splintr_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NAMES", "differences", "ranges"]

NAMES = ("o200k_im", "cl100k_im")
CONTEXTS = ("{0}", "a{0}b", "it'{0}", "(({0}'s 1{0}2 {0}\n")


def scalars() -> Iterable[int]:
    """All there are."""
    yield from range(0xD800)
    yield from range(0xE000, 0x110000)


def differences(name: str, among: Iterable[int]) -> list[int]:
    """Those of some scalars to which, in one of the contexts, the two give other ids."""
    encoding = get_encoding(name, fast=False)
    slow, fast = encoding._core_bpe.encode_ordinary, splintr_of(encoding)._fast

    def differs(text: str) -> bool:
        return array("I", slow(text)).tobytes() != fast(text)

    return [
        scalar
        for scalar in among
        if any(differs(context.format(chr(scalar))) for context in CONTEXTS)
    ]


def ranges(found: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The same as ranges, each with its first and its last."""
    told: list[tuple[int, int]] = []
    for scalar in found:
        if told and told[-1][1] == scalar - 1:
            told[-1] = (told[-1][0], scalar)
        else:
            told.append((scalar, scalar))
    return tuple(told)


def main() -> None:
    """Try all, and print."""
    for name in NAMES:
        found = ranges(differences(name, scalars()))
        told = ", ".join(f"({first:#x}, {last:#x})" for first, last in found)
        sys.stdout.write(f"{name}: {told or 'none'}\n")


if __name__ == "__main__":
    main()
