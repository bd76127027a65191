"""Shared by all tests: an encoding for every format, and the place of the real conversations."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tiktoken
from hypothesis import settings

from chatfmt import get_format
from chatfmt.encodings import TiktokenEncoding, extend_encoding, get_encoding
from chatfmt.encodings.patterns import CL100K, LLAMA_3, O200K, QWEN_2, faster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# No test fails on a clock: the machine may be busy with something else.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Format -> bundled base, and the special tokens that the format needs on top of it.
_ENCODINGS: dict[str, tuple[str, Sequence[str] | Mapping[str, int]]] = {
    "gpt-4o": ("o200k_im", ()),
    "gpt-4": ("cl100k_im", ()),
    "phi-4": ("cl100k_im", ()),
    "gpt-3.5-turbo": ("cl100k_im", ()),
    "chatml": ("cl100k_im", ()),
    "think": ("cl100k_im", ("<think>", "</think>")),
    "llama-3": (
        "cl100k_im",
        (
            "<|begin_of_text|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>",
            "<|end_of_text|>",
        ),
    ),
    "nanochat": (
        "cl100k_im",
        (
            "<|bos|>",
            "<|user_start|>",
            "<|user_end|>",
            "<|assistant_start|>",
            "<|assistant_end|>",
        ),
    ),
    # The ids are those of tiktoken's o200k_harmony.
    "harmony": (
        "o200k_im",
        {
            "<|start|>": 200006,
            "<|end|>": 200007,
            "<|message|>": 200008,
            "<|channel|>": 200005,
            "<|constrain|>": 200003,
            "<|return|>": 200002,
            "<|call|>": 200012,
        },
    ),
}


CONVERTED = pytest.mark.xdist_group("converted")
"""For tests that convert the encoding of llama-3 into a tokenizer of Hugging Face.

The conversion takes seconds, so all of them run in one process, which converts once.
"""


@functools.cache
def encoding_for(format_name: str) -> TiktokenEncoding:
    """The encoding that the tests, and the vectors, use for a format; one object per format."""
    if format_name not in _ENCODINGS:
        return _encoding_of_row(format_name)
    base, special_tokens = _ENCODINGS[format_name]
    encoding = get_encoding(base)
    if special_tokens:
        encoding = extend_encoding(encoding, f"{base}_{format_name}", special_tokens)
    return TiktokenEncoding(encoding)


def _encoding_of_row(name: str) -> TiktokenEncoding:
    """The encoding that a row of the table names, or one to which its special tokens are added."""
    row = get_format(name)
    if row.encoding is not None:
        return TiktokenEncoding(get_encoding(row.encoding))
    base = get_encoding("cl100k_im")
    known = TiktokenEncoding(base).special_tokens
    added = [token for token in row.special_tokens if token not in known]
    return TiktokenEncoding(extend_encoding(base, f"cl100k_im_{name}", added))


def stock_pattern(pattern: str) -> str:
    """The split pattern as tiktoken, and everybody else, writes it."""
    return {faster(stock): stock for stock in (CL100K, O200K, QWEN_2, LLAMA_3)}[pattern]


def stock_encoding(ours: tiktoken.Encoding) -> tiktoken.Encoding:
    """An encoding of ours with the split pattern as everybody else writes it."""
    return tiktoken.Encoding(
        ours.name,
        pat_str=stock_pattern(ours._pat_str),
        mergeable_ranks=ours._mergeable_ranks,
        special_tokens=ours._special_tokens,
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real conversations, `$CHATFMT_SHARED/data`."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    data = Path(os.environ.get("CHATFMT_SHARED") or beside) / "data"
    if not data.is_dir():
        reason = f"no real conversations at {data}; CHATFMT_SHARED says where its parent is"
        if os.environ.get("CHATFMT_REQUIRE_SHARED") == "1":
            raise FileNotFoundError(reason)
        pytest.skip(reason)
    return data
