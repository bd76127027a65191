"""tiktoken as it comes: the bundled encodings with the split patterns that tiktoken gives them.

chatfmt's own are the same ranks and special tokens behind an equal pattern that is faster; what
is measured beside the library is what one would have without it.
"""

from __future__ import annotations

import functools

import tiktoken

from chatfmt.encodings import ENCODING_CONSTRUCTORS, get_encoding
from conftest import stock_pattern

__all__ = ["build", "stock"]


def build(*, ours_first: bool) -> None:
    """Build all encodings, ours and theirs by turns.

    Where the tables lie in memory makes a tenth of the time. Built first of all, both find the
    memory of a new process; but the second still finds what the first has left.
    """
    for name in ENCODING_CONSTRUCTORS:
        for make in (get_encoding, stock) if ours_first else (stock, get_encoding):
            make(name)


@functools.cache
def stock(name: str = "o200k_im") -> tiktoken.Encoding:
    """The bundled encoding of that name, built as tiktoken builds its base."""
    arguments = ENCODING_CONSTRUCTORS[name]()
    return tiktoken.Encoding(**arguments | {"pat_str": stock_pattern(arguments["pat_str"])})
