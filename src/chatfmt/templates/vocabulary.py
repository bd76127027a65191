"""An encoding as a ``tokenizer.json`` for Hugging Face's tokenizers library."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from chatfmt.encodings import TiktokenEncoding
from chatfmt.encodings.hf import HFEncoding
from chatfmt.errors import EncodingError
from chatfmt.templates.merges import merges_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.encodings import TokenEncoding

__all__ = ["added_tokens", "tokenizer_json"]

_MOST_RESERVED = 65_536
_POSSESSIVE = re.compile(r"({[\d,]+})\+")

# How byte-level BPE spells bytes; see `chatfmt.encodings.hf`, which reads this.
_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
_CHARACTERS = {byte: chr(byte) for byte in _PRINTABLE} | {
    byte: chr(256 + number) for number, byte in enumerate(_OTHERS)
}
_LATIN = {byte: _CHARACTERS[byte] for byte in range(256)}


def tokenizer_json(encoding: TokenEncoding) -> dict[str, Any]:
    """The content of a ``tokenizer.json`` that gives a text the ids of this encoding.

    Every special token is an added token. So are reserved tokens for the ids that the encoding
    leaves out, so that the size of the vocabulary is the highest id plus one.

    Raises:
        EncodingError: the encoding is neither tiktoken's nor a Hugging Face tokenizer, or leaves
            out too many ids.
    """
    if isinstance(encoding, HFEncoding):
        spec: dict[str, Any] = json.loads(encoding.__getstate__())
        used = {*spec["model"]["vocab"].values(), *encoding.special_tokens.values()}
    elif isinstance(encoding, TiktokenEncoding):
        spec = _of_tiktoken(encoding)
        used = {*spec["model"]["vocab"].values(), *encoding.special_tokens.values()}
    else:
        raise EncodingError(
            "expected a tiktoken encoding, or one read from a tokenizer.json, found "
            f"{type(encoding).__name__}: how it splits text is not known"
        )
    added = added_tokens(encoding.special_tokens, encoding.n_vocab, used)
    spec["model"]["vocab"] |= added
    spec["added_tokens"] = [_added(token, content) for content, token in added.items()]
    off = dict.fromkeys(("truncation", "padding", "normalizer", "post_processor"))
    return spec | off


def added_tokens(special: Mapping[str, int], n_vocab: int, used: set[int]) -> dict[str, int]:
    """The special tokens, and reserved ones for unused ids, sorted by id.

    >>> added_tokens({"<e>": 3}, 4, {0, 1, 3})
    {'<|reserved_2|>': 2, '<e>': 3}

    Raises:
        EncodingError: there are too many.
    """
    gaps = [token for token in range(n_vocab) if token not in used]
    if len(gaps) > _MOST_RESERVED:
        raise EncodingError(f"expected at most {_MOST_RESERVED:,} unused ids, found {len(gaps):,}")
    taken = any(content.startswith("<|reserved_") for content in special)
    name = "<|reserved_id_{}|>" if taken else "<|reserved_{}|>"
    every = {**special, **{name.format(token): token for token in gaps}}
    return dict(sorted(every.items(), key=lambda pair: pair[1]))


def _added(token: int, content: str) -> dict[str, Any]:
    off = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": token, "content": content, **off, "special": True}


def _of_tiktoken(encoding: TiktokenEncoding) -> dict[str, Any]:
    ranks = encoding.encoding._mergeable_ranks
    # Hugging Face's engine reads {1,3}+ as a repetition of {1,3}, not as possessive.
    # Source: doc/RE of github.com/kkos/oniguruma, section 4.
    pattern = _POSSESSIVE.sub(r"\1", encoding.encoding._pat_str)
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    levels = {"add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0",
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [split | {"invert": False}, {"type": "ByteLevel", **levels}],
        },
        "decoder": {"type": "ByteLevel", **levels},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {_spelled(token): rank for token, rank in ranks.items()},
            "merges": [[_spelled(left), _spelled(right)] for left, right in merges_of(ranks)],
        },
    }


def _spelled(token: bytes) -> str:
    return token.decode("latin-1").translate(_LATIN)
