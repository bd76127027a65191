"""Special tokens on top of an encoding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chatfmt.encodings.ids import as_id
from chatfmt.encodings.patterns import faster
from chatfmt.errors import EncodingError, named, shown

if TYPE_CHECKING:
    import tiktoken

__all__ = ["add_special_tokens", "extend_encoding"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def extend_encoding(
    base: tiktoken.Encoding, name: str, special_tokens: Sequence[str] | Mapping[str, int]
) -> tiktoken.Encoding:
    """Create special tokens on top of an encoding, as post-training does.

    A sequence of spellings gets new ids after the highest one, in order; a mapping gives the
    ids itself. Text still encodes as before, and often faster: see `chatfmt.encodings.patterns`.

    The model has never seen the new ids: its embedding (and output) matrix needs ``n_vocab``
    rows, the new ones initialised and then trained. Stock ``o200k_base`` has no ids
    200264-200266, and ``o200k_harmony`` calls them reserved.

    >>> from chatfmt.encodings import extend_encoding, get_encoding
    >>> tools = extend_encoding(get_encoding("o200k_im"), "o200k_tools", ["<|tool|>", "<|/tool|>"])
    >>> tools.encode("<|tool|>", allowed_special="all")
    [200267]

    Raises:
        EncodingError: a spelling or id is taken or appears twice, or is not a valid one.
    """
    import tiktoken

    ranks = base._mergeable_ranks
    special = add_special_tokens(ranks, base._special_tokens, special_tokens, base.name)
    return tiktoken.Encoding(
        name, pat_str=faster(base._pat_str), mergeable_ranks=ranks, special_tokens=special
    )


def add_special_tokens(
    ranks: Mapping[bytes, int],
    special: Mapping[str, int],
    more: Sequence[str] | Mapping[str, int],
    name: str,
) -> dict[str, int]:
    """Special tokens with more added; ``name`` is the vocabulary that has those and the ranks.

    >>> add_special_tokens({b"a": 0}, {"<s>": 1}, ["</s>"], "mine")
    {'<s>': 1, '</s>': 2}

    Raises:
        EncodingError: as `extend_encoding`.
    """
    taken = dict(special)
    ids = {*ranks.values(), *taken.values()}
    fresh = max(ids, default=-1) + 1
    if isinstance(more, Mapping):
        new = list(more.items())
    elif isinstance(more, Sequence) and not isinstance(more, (str, bytes)):
        new = [(spelling, fresh + i) for i, spelling in enumerate(more)]
    else:  # a set has no order: the same call would give other ids in another process
        raise EncodingError(
            "expected a sequence of spellings, or a mapping from spellings to ids, found "
            f"{shown(more)}"
        )
    for spelling, number in new:
        if not isinstance(spelling, str) or not spelling or _SURROGATE.search(spelling):
            raise EncodingError(f"expected a spelling, found {shown(spelling)}")
        try:
            token = as_id(number)
        except TypeError as error:
            raise EncodingError(
                f"{named(spelling)}: expected an id from 0 to 2**31 - 1: {error}"
            ) from error
        if not 0 <= token < 2**31:
            raise EncodingError(
                f"{named(spelling)}: expected an id from 0 to 2**31 - 1, found {shown(token)}"
            )
        if spelling in taken:
            raise EncodingError(f"{named(spelling)} is a special token of {named(name)} already")
        if spelling.encode() in ranks:
            raise EncodingError(f"{named(spelling)} is an ordinary token of {named(name)} already")
        if token in ids:
            raise EncodingError(
                f"{named(spelling)}: id {token} is taken; all from {max(ids) + 1} on are free"
            )
        ids.add(token)
        taken[spelling] = token
    return taken
