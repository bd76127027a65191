"""GGUF files: the vocabulary and the chat template in their metadata.

The keys are those of docs/gguf.md in github.com/ggml-org/ggml, section "Tokenizer". Byte-level
vocabularies are read like a ``tokenizer.json`` (extra ``hf``), and SentencePiece's like its own
files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.encodings.gguf_metadata import read_metadata
from chatfmt.encodings.gguf_splits import SPLITS
from chatfmt.encodings.sentencepiece import DummyPrefix, SentencePieceEncoding
from chatfmt.encodings.sentencepiece_model import (
    CONTROL,
    NORMAL,
    UNUSED,
    USER_DEFINED,
    Piece,
    pieces_of,
)
from chatfmt.errors import EncodingError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from chatfmt.encodings.protocol import TokenEncoding

__all__ = ["Metadata", "encoding_of", "read_gguf", "tokenizer_of"]

_WHY_REFUSED = {
    "bert": "WordPiece does not give text back",
    "t5": "Unigram does not merge pairs, and does not give every text back",
}


class Metadata(NamedTuple):
    """The tokenizer metadata of a GGUF file; None and empty lists for missing members."""

    model: str
    """The kind: ``gpt2`` for byte-level BPE, ``llama`` for SentencePiece's."""
    tokens: Sequence[str]
    pre: str | None = None
    """The name of the split pattern."""
    scores: Sequence[float] = ()
    types: Sequence[int] = ()
    merges: Sequence[str] = ()
    add_space_prefix: bool | None = None
    chat_template: str | None = None
    bos: int | None = None
    eos: int | None = None


_KEYS: Mapping[str, tuple[str, type]] = {
    "tokenizer.ggml.model": ("model", str),
    "tokenizer.ggml.tokens": ("tokens", list),
    "tokenizer.ggml.pre": ("pre", str),
    "tokenizer.ggml.scores": ("scores", list),
    "tokenizer.ggml.token_type": ("types", list),
    "tokenizer.ggml.merges": ("merges", list),
    "tokenizer.ggml.add_space_prefix": ("add_space_prefix", bool),
    "tokenizer.chat_template": ("chat_template", str),
    "tokenizer.ggml.bos_token_id": ("bos", int),
    "tokenizer.ggml.eos_token_id": ("eos", int),
}


def tokenizer_of(path: Path) -> Metadata:
    """The tokenizer metadata of a GGUF file.

    Raises:
        EncodingError: the file is damaged, or has no tokenizer metadata.
        OSError: it cannot be read.
    """
    values = read_metadata(path, _KEYS.__contains__)
    for key, (_, kind) in _KEYS.items():
        if key in values and not isinstance(values[key], kind):
            raise EncodingError(
                f"{key}: expected a value of type {kind.__name__}, found {shown(values[key])}"
            )
    found: dict[str, Any] = {_KEYS[key][0]: value for key, value in values.items()}
    if not {"model", "tokens"} <= found.keys():
        raise EncodingError(
            "expected a GGUF file with a vocabulary, found none: in a model of several files, the "
            "first has it"
        )
    found.setdefault("types", [NORMAL] * len(found["tokens"]))
    return Metadata(**found)


def read_gguf(path: Path) -> TokenEncoding:
    """The encoding of a GGUF file.

    Raises:
        EncodingError: the vocabulary is of a kind that does not give text back, its split pattern
            is not known, or the file is damaged.
        ImportError: it is byte-level BPE, and the extra ``hf`` is not installed.
    """
    return encoding_of(tokenizer_of(path))


def encoding_of(metadata: Metadata) -> TokenEncoding:
    """The encoding that the metadata describe; errors as for `read_gguf`."""
    if len(metadata.types) != len(metadata.tokens):
        raise EncodingError(
            f"expected a type for each of {len(metadata.tokens)} tokens, found "
            f"{len(metadata.types)}"
        )
    if metadata.model == "gpt2":
        return _byte_level(metadata)
    if metadata.model == "llama":
        return _sentencepiece(metadata)
    why = _WHY_REFUSED.get(metadata.model, "it is not known here")
    raise EncodingError(
        f"expected tokenizer.ggml.model to be gpt2 or llama, found {shown(metadata.model)}: {why}"
    )


def _sentencepiece(metadata: Metadata) -> SentencePieceEncoding:
    """SentencePiece's byte pairs.

    llama.cpp puts a space before text at the start and after a special token, unless the file says
    otherwise. Source: llama_vocab::impl::tokenize in its src/llama-vocab.cpp.
    """
    if len(metadata.scores) != len(metadata.tokens):
        raise EncodingError(
            f"expected a score for each of {len(metadata.tokens)} tokens, found "
            f"{len(metadata.scores)}"
        )
    # entries that only fill the list up to a round number are marked as unused
    types = (CONTROL if kind == UNUSED else kind for kind in metadata.types)
    listed = map(Piece, metadata.tokens, metadata.scores, types)
    prefix = None if metadata.add_space_prefix is False else DummyPrefix("special", always=True)
    return SentencePieceEncoding(pieces_of(listed, prefix))


def _byte_level(metadata: Metadata) -> TokenEncoding:
    """Byte-level BPE, read as the same vocabulary in a ``tokenizer.json``."""
    from chatfmt.encodings.hf import HFEncoding
    from chatfmt.encodings.hf import tokenizer_of as tokenizer_in

    split = SPLITS.get(metadata.pre or "")
    if split is None:
        raise EncodingError(
            f"expected tokenizer.ggml.pre to name a known split pattern ({', '.join(SPLITS)}), "
            f"found {shown(metadata.pre)}: take the tokenizer.json of the same model"
        )
    isolated = {"type": "Split", "behavior": "Isolated", "invert": False}
    cuts = [isolated | {"pattern": {"Regex": pattern}} for pattern in split.patterns]
    bytes_alone = {"add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    document = {
        "version": "1.0",
        **dict.fromkeys(("truncation", "padding", "normalizer", "post_processor")),
        "added_tokens": [
            {"id": token, "content": text, **flags, "special": kind != USER_DEFINED}
            for token, (text, kind) in enumerate(zip(metadata.tokens, metadata.types, strict=True))
            if kind != NORMAL
        ],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [*cuts, {"type": "ByteLevel", **bytes_alone}],
        },
        "decoder": {"type": "ByteLevel", **bytes_alone},
        "model": {
            "type": "BPE",
            **dict.fromkeys(
                ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")
            ),
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": split.ignore_merges,
            "vocab": {text: token for token, text in enumerate(metadata.tokens)},
            "merges": [merge.split(" ") for merge in metadata.merges],
        },
    }
    return HFEncoding(tokenizer_in(json.dumps(document)))
