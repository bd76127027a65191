"""The bundled encodings, whose rank tables are package data: nothing is ever downloaded."""

from __future__ import annotations

import hashlib
import threading
from importlib import resources
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.patterns import CL100K, O200K, faster
from chatfmt.errors import EncodingError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import tiktoken

__all__ = ["ENCODING_CONSTRUCTORS", "get_encoding", "is_bundled", "is_plain"]


def _read_ranks(name: str, sha256: str) -> dict[bytes, int]:
    # Not tiktoken's file and function: reading those takes as long as building the encoder.
    try:
        data = resources.files("chatfmt.encodings").joinpath("vocab", f"{name}.tokens").read_bytes()
    except OSError as error:
        raise EncodingError(
            f"the bundled rank table cannot be read ({error}); install chatfmt again"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise EncodingError(
            f"the bundled rank table {name}.tokens is damaged: expected sha256 {sha256}, found "
            f"{found} in {len(data)} bytes; install chatfmt again"
        )
    # The tokens in the order of their ranks, separated by the byte FF, which UTF-8 never has. The
    # only token that has this byte is the byte itself, which is left empty.
    tokens = data.split(b"\xff")
    tokens[tokens.index(b"")] = b"\xff"
    return dict(zip(tokens, range(len(tokens)), strict=True))


def _o200k(name: str, special_tokens: dict[str, int]) -> dict[str, Any]:
    return {
        "name": name,
        "pat_str": faster(O200K),
        "mergeable_ranks": _read_ranks(
            "o200k_base", "75a984bf59dfb77b03d00f651cb144e88345efa853f75797f4fdb2eb674a1c7e"
        ),
        "special_tokens": dict(special_tokens),
    }


def _cl100k(name: str, special_tokens: dict[str, int]) -> dict[str, Any]:
    return {
        "name": name,
        "pat_str": faster(CL100K),
        "mergeable_ranks": _read_ranks(
            "cl100k_base", "bd4318815e7f3812511bd1e8edbba1d503cfdd3d714e5f7cdc52496b1a166df3"
        ),
        "special_tokens": dict(special_tokens),
    }


# Special tokens, and the ranks, are those of tiktoken_ext/openai_public.py (tiktoken 0.14); the im
# tokens are those the Tiktokenizer page shows for these models.
_O200K_SPECIAL = {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}
_CL100K_SPECIAL = {
    "<|endoftext|>": 100257,
    "<|fim_prefix|>": 100258,
    "<|fim_middle|>": 100259,
    "<|fim_suffix|>": 100260,
    "<|endofprompt|>": 100276,
}
_O200K_IM = {"<|im_start|>": 200264, "<|im_end|>": 200265, "<|im_sep|>": 200266}
_CL100K_IM = {"<|im_start|>": 100264, "<|im_end|>": 100265, "<|im_sep|>": 100266}
# The special tokens on which openai-harmony 0.0.8 and tiktoken agree. tiktoken also has
# <|endofprompt|> under the id of <|reserved_200018|>; openai-harmony has a <|reserved_201088|>, for
# which gpt-oss has no embedding (its config.json: vocab_size 201088).
_HARMONY = {
    "<|startoftext|>": 199998,
    "<|endoftext|>": 199999,
    **{f"<|reserved_{token}|>": token for token in (200000, 200001)},
    "<|return|>": 200002,
    "<|constrain|>": 200003,
    "<|reserved_200004|>": 200004,
    "<|channel|>": 200005,
    "<|start|>": 200006,
    "<|end|>": 200007,
    "<|message|>": 200008,
    **{f"<|reserved_{token}|>": token for token in (200009, 200010, 200011)},
    "<|call|>": 200012,
    **{f"<|reserved_{token}|>": token for token in range(200013, 201088)},
}

ENCODING_CONSTRUCTORS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "o200k_im": lambda: _o200k("o200k_im", _O200K_SPECIAL | _O200K_IM),
    "cl100k_im": lambda: _cl100k("cl100k_im", _CL100K_SPECIAL | _CL100K_IM),
}
"""The encodings that only chatfmt has, and tiktoken through its plug-in: name to the arguments of
`tiktoken.Encoding`, made when called."""

_BUNDLED: Mapping[str, Callable[[], dict[str, Any]]] = {
    **ENCODING_CONSTRUCTORS,
    "o200k_base": lambda: _o200k("o200k_base", _O200K_SPECIAL),
    "o200k_harmony": lambda: _o200k("o200k_harmony", _HARMONY),
    "cl100k_base": lambda: _cl100k("cl100k_base", _CL100K_SPECIAL),
}

_loaded: dict[tuple[str, bool], tiktoken.Encoding] = {}
"""By name, and by whether a faster encoder may be used."""
_loading = threading.Lock()


def get_encoding(name: str, *, fast: bool = True) -> tiktoken.Encoding:
    """One of the bundled encodings; built once per process.

    ``o200k_base``, ``o200k_harmony`` and ``cl100k_base`` give text the same ids as tiktoken, and
    need no download. ``o200k_im`` and ``cl100k_im`` add the special tokens of chats; after
    installation, ``tiktoken.get_encoding`` knows them too.

    With ``fast=False`` the extra ``fast`` is not used for it; the ids are the same.

    >>> get_encoding("o200k_im").encode("hello<|im_end|>", allowed_special="all")
    [24912, 200265]

    Raises:
        EncodingError: there is no bundled encoding of that name, or its table is damaged.
    """
    import tiktoken

    if name not in _BUNDLED:
        raise EncodingError(
            f"no encoding {shown(name)} is bundled, there are {', '.join(_BUNDLED)}; "
            "pass any other as a tiktoken.Encoding"
        )
    with _loading:
        if (name, fast) not in _loaded:
            _loaded[name, fast] = tiktoken.Encoding(**_BUNDLED[name]())
        return _loaded[name, fast]


def is_bundled(encoding: tiktoken.Encoding) -> bool:
    """Whether this object itself was returned by `get_encoding`.

    >>> is_bundled(get_encoding("o200k_im"))
    True
    """
    return any(_loaded.get((encoding.name, fast)) is encoding for fast in (True, False))


def is_plain(encoding: tiktoken.Encoding) -> bool:
    """Whether this object was returned by `get_encoding` with ``fast=False``.

    >>> is_plain(get_encoding("o200k_im"))
    False
    """
    return _loaded.get((encoding.name, False)) is encoding
