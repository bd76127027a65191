"""A tiktoken encoding as a Hugging Face tokenizer, by Hugging Face's own converter."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("transformers", reason="transformers converts the rank tables")

from tokenizers import Tokenizer
from transformers.convert_slow_tokenizer import TikTokenConverter

from conftest import stock_pattern

if TYPE_CHECKING:
    import tiktoken


@functools.cache
def hf_tokenizer_from(encoding: tiktoken.Encoding) -> Tokenizer:
    """The same vocabulary, split pattern and special tokens; one object per encoding.

    Takes about 3 s for cl100k and 6 s for o200k, most of it for the merges, which a rank table
    does not list.
    """
    # Hugging Face's regex engine reads {1,3}+ as a repetition of {1,3}, not as a possessive one.
    # Source: doc/RE of github.com/kkos/oniguruma, section 4.
    untyped: Any = TikTokenConverter
    pattern = stock_pattern(encoding._pat_str).replace("{1,3}+", "{1,3}")
    converter = untyped(pattern=pattern)
    converter.load_tiktoken_bpe = lambda _: encoding._mergeable_ranks  # no file, no download
    tokenizer = converter.converted()
    # An added token gets the next free id, unless the vocabulary names its id already.
    spec = json.loads(tokenizer.to_str())
    spec["model"]["vocab"] |= encoding._special_tokens
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    tokenizer.add_special_tokens(list(encoding._special_tokens))
    return tokenizer
