"""A small ``tokenizer.json`` with byte fallback, in each of the forms in use."""

from __future__ import annotations

import copy
from typing import Any

from sentencepiece_file import BYTES, WORDS

__all__ = ["PIPELINES", "document"]

REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
PREPEND = {"type": "Prepend", "prepend": "▁"}
DECODERS: list[dict[str, Any]] = [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"},
    {"type": "Fuse"},
]
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def metaspace(scheme: str, *, split: bool) -> dict[str, Any]:
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def sequence(members: str, steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "Sequence", members: steps}


PIPELINES: dict[str, dict[str, Any]] = {
    "llama-2": {"normalizer": sequence("normalizers", [PREPEND, REPLACE])},
    "gemma": {
        "normalizer": REPLACE,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "MergedWithPrevious",
            "invert": False,
        },
    },
    "first": {"pre_tokenizer": metaspace("first", split=False)},
    "never": {"pre_tokenizer": metaspace("never", split=False)},
    "split": {"pre_tokenizer": metaspace("always", split=True)},
}
"""Where spaces become U+2581, and where one is put before text."""


def document(pipeline: str = "llama-2", **changes: Any) -> dict[str, Any]:
    """The file; ``changes`` are parts that are others."""
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for word in (*(text for text, _, _ in BYTES), *WORDS, "[REF]", "[RE", "F]", "[", "R", "E", "F"):
        vocab[word] = len(vocab)
    vocab["]"] = len(vocab)
    merges = ["a b", "▁ a", "▁ ab", "▁a b", "c a", "▁ ▁", "▁▁ ▁▁", "\n \n"]
    merges += ["[R E", "F ]", "[RE F]"]
    vocab["[R"] = len(vocab)
    merges.insert(-3, "[ R")
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": vocab[text], "content": text, **flags, "special": text != "[REF]"}
        for text in ("<unk>", "<s>", "</s>", "[REF]")
    ]
    found: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": sequence("decoders", [*DECODERS, STRIP]),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": merges,
        },
    }
    return copy.deepcopy(found | PIPELINES[pipeline] | changes)
