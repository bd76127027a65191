"""Special tokens on top of an encoding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chatfmt.encodings.patterns import faster
from chatfmt.errors import EncodingError

if TYPE_CHECKING:
    import tiktoken

__all__ = ["extend_encoding"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def extend_encoding(
    base: tiktoken.Encoding, name: str, special_tokens: Sequence[str] | Mapping[str, int]
) -> tiktoken.Encoding:
    """Create special tokens on top of an encoding, as post-training does.

    A sequence of spellings gets fresh ids after the highest one, in order; a mapping gives the
    ids itself. Text still encodes as before, and often faster: see `chatfmt.encodings.patterns`.

    The model has never seen the new ids: its embedding (and output) matrix needs ``n_vocab``
    rows, the new ones initialised and then trained. Stock ``o200k_base`` has no ids
    200264-200266, and ``o200k_harmony`` calls them reserved.

    >>> from chatfmt.encodings import extend_encoding, get_encoding
    >>> tools = extend_encoding(get_encoding("o200k_im"), "o200k_tools", ["<|tool|>", "<|/tool|>"])
    >>> tools.encode("<|tool|>", allowed_special="all")
    [200267]

    Raises:
        EncodingError: a spelling or id is taken already, stands twice, or is no spelling or id.
    """
    import tiktoken

    ranks, taken = base._mergeable_ranks, dict(base._special_tokens)
    fresh = base.max_token_value + 1
    if isinstance(special_tokens, Mapping):
        new = list(special_tokens.items())
    elif isinstance(special_tokens, Sequence) and not isinstance(special_tokens, (str, bytes)):
        new = [(spelling, fresh + i) for i, spelling in enumerate(special_tokens)]
    else:  # a set has no order of its own: the same call would give other ids in another process
        raise EncodingError(
            "expected a sequence of spellings, or a mapping from spellings to ids, found "
            f"{special_tokens!r}"
        )
    ids = {*ranks.values(), *taken.values()}
    for spelling, token in new:
        if not isinstance(spelling, str) or not spelling or _SURROGATE.search(spelling):
            raise EncodingError(f"expected a spelling, found {spelling!r}")
        if type(token) is not int or not 0 <= token < 2**31:
            raise EncodingError(f"{spelling}: expected an id from 0 to 2**31 - 1, found {token!r}")
        if spelling in taken:
            raise EncodingError(f"{spelling} is a special token of {base.name} already")
        if spelling.encode() in ranks:
            raise EncodingError(f"{spelling} is an ordinary token of {base.name} already")
        if token in ids:
            raise EncodingError(
                f"{spelling}: id {token} is taken; all from {max(ids) + 1} on are free"
            )
        ids.add(token)
        taken[spelling] = token
    return tiktoken.Encoding(
        name, pat_str=faster(base._pat_str), mergeable_ranks=ranks, special_tokens=taken
    )
