"""Rank files: a token in base 64 and its rank on each line, as for tiktoken and Llama 3.

Such a file says neither how text is split nor which special tokens there are; both must be given.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from chatfmt.encodings.extend import add_special_tokens
from chatfmt.encodings.patterns import faster
from chatfmt.errors import EncodingError, said, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import tiktoken

__all__ = ["is_rank_line", "read_rank_file"]

_HIGHEST = 2**31 - 1


def read_rank_file(
    data: bytes, name: str, pattern: str, special_tokens: Sequence[str] | Mapping[str, int]
) -> tiktoken.Encoding:
    r"""The encoding of a rank file, a split pattern and special tokens.

    >>> data = b"".join(b"%s %d\n" % (binascii.b2a_base64(bytes([i]), newline=False), i)
    ...                 for i in range(256))
    >>> encoding = read_rank_file(data, "bytes", r"\w+|\W", ["<|end|>"])
    >>> encoding.encode("ab<|end|>", allowed_special="all")
    [97, 98, 256]

    Raises:
        EncodingError: a line has something else, a token or a rank is on two lines, the pattern
            cannot be read, or a special token clashes with another token.
    """
    import tiktoken

    ranks = _ranks(data)
    special = add_special_tokens(ranks, {}, special_tokens, name)
    try:
        return tiktoken.Encoding(
            name, pat_str=faster(pattern), mergeable_ranks=ranks, special_tokens=special
        )
    except ValueError as error:
        raise EncodingError(
            f"the split pattern {shown(pattern)} cannot be read: {said(error)}"
        ) from error


def is_rank_line(line: bytes) -> bool:
    """Whether this is a line of a rank file.

    >>> is_rank_line(b"IQ== 0"), is_rank_line(b"<unk> 0")
    (True, False)
    """
    try:
        _token_and_rank(line)
    except ValueError:
        return False
    return True


def _ranks(data: bytes) -> dict[bytes, int]:
    lines = {number: line for number, line in enumerate(data.splitlines(), 1) if line}
    ranks: dict[bytes, int] = {}
    line_of: dict[int, int] = {}
    for number, line in lines.items():
        try:
            token, rank = _token_and_rank(line)
        except ValueError:
            raise EncodingError(
                f"line {number}: expected a token in base 64, a space and its rank, found "
                f"{shown(line.decode(errors='backslashreplace'))}"
            ) from None
        if token in ranks:
            raise EncodingError(
                f"line {number}: expected a new token, found {shown(token)}, which is already on "
                f"line {line_of[ranks[token]]}"
            )
        if rank in line_of:
            raise EncodingError(
                f"line {number}: expected a new rank, found {rank}, which is already on line "
                f"{line_of[rank]}"
            )
        ranks[token] = rank
        line_of[rank] = number
    return ranks


def _token_and_rank(line: bytes) -> tuple[bytes, int]:
    """A line, split; ValueError if it is not a line of a rank file."""
    spelled, digits = line.split()
    rank = int(digits) if digits.isdigit() else -1
    if not 0 <= rank <= _HIGHEST:
        raise ValueError("no rank")
    return binascii.a2b_base64(spelled, strict_mode=True), rank
