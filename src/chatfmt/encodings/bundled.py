"""The bundled encodings, whose rank tables are package data: nothing is ever downloaded."""

from __future__ import annotations

import hashlib
import threading
from importlib import resources
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.patterns import CL100K, O200K, faster
from chatfmt.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import tiktoken

__all__ = ["ENCODING_CONSTRUCTORS", "get_encoding", "is_bundled"]


def _read_ranks(name: str, sha256: str) -> dict[bytes, int]:
    # Not tiktoken's own file and function: to read those takes as long as to build the encoder.
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
    # The tokens in the order of their ranks, and the byte FF between them, which no UTF-8 has: no
    # token but the one that is this byte has it, and that one is left empty.
    tokens = data.split(b"\xff")
    tokens[tokens.index(b"")] = b"\xff"
    return dict(zip(tokens, range(len(tokens)), strict=True))


# Special tokens, and the ranks, are those of tiktoken_ext/openai_public.py (tiktoken 0.14); the im
# tokens are those the Tiktokenizer page shows for these models.
def _o200k_im() -> dict[str, Any]:
    return {
        "name": "o200k_im",
        "pat_str": faster(O200K),
        "mergeable_ranks": _read_ranks(
            "o200k_base", "75a984bf59dfb77b03d00f651cb144e88345efa853f75797f4fdb2eb674a1c7e"
        ),
        "special_tokens": {
            "<|endoftext|>": 199999,
            "<|endofprompt|>": 200018,
            "<|im_start|>": 200264,
            "<|im_end|>": 200265,
            "<|im_sep|>": 200266,
        },
    }


def _cl100k_im() -> dict[str, Any]:
    return {
        "name": "cl100k_im",
        "pat_str": faster(CL100K),
        "mergeable_ranks": _read_ranks(
            "cl100k_base", "bd4318815e7f3812511bd1e8edbba1d503cfdd3d714e5f7cdc52496b1a166df3"
        ),
        "special_tokens": {
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|im_start|>": 100264,
            "<|im_end|>": 100265,
            "<|im_sep|>": 100266,
            "<|endofprompt|>": 100276,
        },
    }


ENCODING_CONSTRUCTORS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "o200k_im": _o200k_im,
    "cl100k_im": _cl100k_im,
}
"""The bundled encodings: name to the arguments of `tiktoken.Encoding`, made when called."""

_loaded: dict[str, tiktoken.Encoding] = {}
_loading = threading.Lock()


def get_encoding(name: str) -> tiktoken.Encoding:
    """One of the bundled encodings, ``o200k_im`` or ``cl100k_im``; built once per process.

    After installation ``tiktoken.get_encoding(name)`` gives an equal one.

    >>> get_encoding("o200k_im").encode("hello<|im_end|>", allowed_special="all")
    [24912, 200265]

    Raises:
        EncodingError: there is no bundled encoding of that name, or its table is damaged.
    """
    import tiktoken

    if name not in ENCODING_CONSTRUCTORS:
        raise EncodingError(
            f"no encoding {name!r} is bundled, there are {', '.join(ENCODING_CONSTRUCTORS)}; "
            "pass any other as a tiktoken.Encoding"
        )
    with _loading:
        if name not in _loaded:
            _loaded[name] = tiktoken.Encoding(**ENCODING_CONSTRUCTORS[name]())
        return _loaded[name]


def is_bundled(encoding: tiktoken.Encoding) -> bool:
    """Whether this very object is what `get_encoding` gives.

    >>> is_bundled(get_encoding("o200k_im"))
    True
    """
    return _loaded.get(encoding.name) is encoding
