r"""The table of formats, one row each with its source, and the table of models.

A new format that fits the language is a new row here and nothing else.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from chatfmt.errors import UnknownFormatError, shown
from chatfmt.line.format import ChatFormat
from chatfmt.line.rows import (
    bytedance,
    chatml,
    cohere,
    deepseek,
    google,
    ibm,
    inclusion,
    internlm,
    keys,
    lg,
    meetkai,
    meta,
    microsoft,
    minimax,
    mistral,
    moonshot,
    muse,
    openai,
    others,
    parameters,
    plain,
    qwen,
    servicenow,
    swiss,
    tencent,
    upstage,
    zhipu,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FORMAT_ROWS", "MODELS", "format_for_model", "get_format"]

FORMAT_ROWS: dict[str, dict[str, Any]] = {
    **plain.ROWS,
    **openai.ROWS,
    **qwen.ROWS,
    **google.ROWS,
    **meta.ROWS,
    **meetkai.ROWS,
    **microsoft.ROWS,
    **ibm.ROWS,
    **cohere.ROWS,
    **chatml.ROWS,
    **others.ROWS,
    **internlm.ROWS,
    **mistral.ROWS,
    **moonshot.ROWS,
    **upstage.ROWS,
    **inclusion.ROWS,
    **swiss.ROWS,
    **deepseek.ROWS,
    **zhipu.ROWS,
    **lg.ROWS,
    **parameters.ROWS,
    **bytedance.ROWS,
    **minimax.ROWS,
    **keys.ROWS,
    **tencent.ROWS,
    **servicenow.ROWS,
    **muse.ROWS,
}
"""Name of the format to the arguments of `ChatFormat`."""

MODELS: dict[str, str] = {
    # the models that the Tiktokenizer page shows in these layouts
    "gpt-4o": "gpt-4o",
    "gpt-4o-mini": "gpt-4o",
    "gpt-4": "gpt-4",
    "gpt-4-32k": "gpt-4",
    "gpt-4-1106-preview": "gpt-4",
    "gpt-4-turbo": "gpt-4",
    "gpt-3.5-turbo": "gpt-3.5-turbo",
    # from here on: the chat template in the model's own repository on the Hugging Face hub
    "microsoft/phi-4": "phi-4",
    "Qwen/Qwen2.5-0.5B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-1.5B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-3B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-7B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-14B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-32B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-72B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-Coder-0.5B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-Coder-1.5B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-Coder-3B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-Coder-7B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-Coder-14B-Instruct": "qwen-2.5",
    "Qwen/Qwen2.5-Coder-32B-Instruct": "qwen-2.5",
    "Qwen/Qwen3-0.6B": "qwen-3",
    "Qwen/Qwen3-1.7B": "qwen-3",
    "Qwen/Qwen3-4B": "qwen-3",
    "Qwen/Qwen3-8B": "qwen-3",
    "Qwen/Qwen3-14B": "qwen-3",
    "Qwen/Qwen3-32B": "qwen-3",
    "Qwen/Qwen3-30B-A3B": "qwen-3",
    "Qwen/Qwen3-235B-A22B": "qwen-3",
    "Qwen/Qwen3-4B-Instruct-2507": "qwen-3-2507",
    "Qwen/Qwen3-30B-A3B-Instruct-2507": "qwen-3-2507",
    "Qwen/Qwen3-235B-A22B-Instruct-2507": "qwen-3-2507",
    "Qwen/Qwen3-4B-Thinking-2507": "qwen-3-thinking",
    "Qwen/Qwen3-30B-A3B-Thinking-2507": "qwen-3-thinking",
    "Qwen/Qwen3-235B-A22B-Thinking-2507": "qwen-3-thinking",
    "Qwen/Qwen3-Next-80B-A3B-Thinking": "qwen-3-next-thinking",
    "Qwen/Qwen3-VL-4B-Instruct": "qwen-3-vl",
    "Qwen/Qwen3-VL-8B-Instruct": "qwen-3-vl",
    "Qwen/Qwen3-VL-30B-A3B-Instruct": "qwen-3-vl",
    "Qwen/Qwen3-VL-235B-A22B-Instruct": "qwen-3-vl",
    "Qwen/Qwen3-Coder-30B-A3B-Instruct": "qwen-3-coder",
    "Qwen/Qwen3-Coder-480B-A35B-Instruct": "qwen-3-coder",
    "Qwen/Qwen3.5-397B-A17B": "qwen-3.5",
    "Qwen/QwQ-32B": "qwq",
    "HuggingFaceTB/SmolLM2-135M-Instruct": "chatml",
    "HuggingFaceTB/SmolLM2-360M-Instruct": "chatml",
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": "chatml",
    "meta-llama/Meta-Llama-3-8B-Instruct": "llama-3",
    "meta-llama/Meta-Llama-3-70B-Instruct": "llama-3",
    "meta-llama/Llama-3.1-8B-Instruct": "llama-3.1",
    "meta-llama/Llama-3.1-70B-Instruct": "llama-3.1",
    "meta-llama/Llama-3.1-405B-Instruct": "llama-3.1",
    "meta-llama/Llama-3.3-70B-Instruct": "llama-3.1",
    "nvidia/Llama-3.1-Nemotron-70B-Instruct-HF": "llama-3.1",
    "meta-llama/Llama-3.2-1B-Instruct": "llama-3.2",
    "meta-llama/Llama-3.2-3B-Instruct": "llama-3.2",
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": "llama-4",
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": "llama-4",
    "google/gemma-2-2b-it": "gemma-2",
    "google/gemma-2-9b-it": "gemma-2",
    "google/gemma-2-27b-it": "gemma-2",
    "google/gemma-3-270m-it": "gemma-3",
    "google/gemma-3-1b-it": "gemma-3",
    "google/gemma-3-4b-it": "gemma-3",
    "google/gemma-3-12b-it": "gemma-3",
    "google/gemma-3-27b-it": "gemma-3",
    "microsoft/Phi-3-mini-4k-instruct": "phi-3",
    "microsoft/Phi-3-mini-128k-instruct": "phi-3",
    "microsoft/Phi-3-medium-4k-instruct": "phi-3",
    "microsoft/Phi-3-medium-128k-instruct": "phi-3",
    "microsoft/Phi-3.5-mini-instruct": "phi-3.5",
    "microsoft/Phi-4-mini-instruct": "phi-4-mini",
    "microsoft/Phi-4-reasoning": "phi-4-reasoning",
    "microsoft/Phi-4-reasoning-plus": "phi-4-reasoning",
    "ibm-granite/granite-3.0-2b-instruct": "granite-3",
    "ibm-granite/granite-3.0-8b-instruct": "granite-3",
    "ibm-granite/granite-3.1-2b-instruct": "granite-3",
    "ibm-granite/granite-3.1-8b-instruct": "granite-3",
    "ibm-granite/granite-3.2-2b-instruct": "granite-3",
    "ibm-granite/granite-3.2-8b-instruct": "granite-3",
    "ibm-granite/granite-3.3-2b-instruct": "granite-3",
    "ibm-granite/granite-3.3-8b-instruct": "granite-3",
    "ibm-granite/granite-4.0-micro": "granite-4",
    "ibm-granite/granite-4.0-h-micro": "granite-4",
    "ibm-granite/granite-4.0-h-tiny": "granite-4",
    "ibm-granite/granite-4.0-h-small": "granite-4",
    "CohereForAI/c4ai-command-r-v01": "command-r",
    "CohereForAI/c4ai-command-r-plus": "command-r",
    "CohereForAI/c4ai-command-r7b-12-2024": "command-r7b",
    "CohereForAI/c4ai-command-a-03-2025": "command-a",
    "NousResearch/Hermes-3-Llama-3.1-8B": "hermes-3",
    "NousResearch/Hermes-3-Llama-3.1-70B": "hermes-3",
    "NousResearch/Hermes-3-Llama-3.1-405B": "hermes-3",
    "HuggingFaceTB/SmolLM3-3B": "smollm-3",
    "LiquidAI/LFM2-350M": "lfm-2",
    "LiquidAI/LFM2-700M": "lfm-2",
    "LiquidAI/LFM2-1.2B": "lfm-2",
    "LiquidAI/LFM2.5-1.2B-Instruct": "lfm-2.5",
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": "nemotron-3",
    "allenai/Olmo-3-7B-Instruct": "olmo-3",
    "internlm/internlm2-chat-1_8b": "internlm-2",
    "internlm/internlm2-chat-7b": "internlm-2",
    "internlm/internlm2-chat-20b": "internlm-2",
    "openchat/openchat-3.5-0106": "openchat-3.5",
    "MiniMaxAI/MiniMax-M1-40k": "minimax-m1",
    "MiniMaxAI/MiniMax-M1-80k": "minimax-m1",
    "MiniMaxAI/MiniMax-M2": "minimax-m2",
    "ByteDance-Seed/Seed-OSS-36B-Instruct": "seed-oss",
    "poolside/Laguna-S-2.1": "laguna",
    "poolside/Laguna-XS-2.1": "laguna",
    "swiss-ai/Apertus-8B-Instruct-2509": "apertus",
    "swiss-ai/Apertus-70B-Instruct-2509": "apertus",
    "deepseek-ai/DeepSeek-V3": "deepseek-v3",
    "deepseek-ai/DeepSeek-V3-0324": "deepseek-v3",
    "deepseek-ai/DeepSeek-R1": "deepseek-r1",
    "deepseek-ai/DeepSeek-R1-0528": "deepseek-r1",
    "deepseek-ai/DeepSeek-V3.1": "deepseek-v3.1",
    "zai-org/GLM-4.5": "glm-4.5",
    "zai-org/GLM-4.5-Air": "glm-4.5",
    "zai-org/GLM-4.6": "glm-4.5",
    "zai-org/GLM-4.7": "glm-4.7",
    "zai-org/GLM-4.7-Flash": "glm-4.7",
    "LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct": "exaone-3.5",
    "LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct": "exaone-3.5",
    "LGAI-EXAONE/EXAONE-3.5-32B-Instruct": "exaone-3.5",
    "LGAI-EXAONE/EXAONE-Deep-2.4B": "exaone-deep",
    "LGAI-EXAONE/EXAONE-Deep-7.8B": "exaone-deep",
    "LGAI-EXAONE/EXAONE-Deep-32B": "exaone-deep",
    "openai/gpt-oss-20b": "gpt-oss",
    "openai/gpt-oss-120b": "gpt-oss",
}
"""Model to the name of its format. There is no guessing by prefix."""


@cache
def get_format(name: str) -> ChatFormat:
    """The format of that name, compiled at the first call.

    >>> get_format("gpt-4o").template
    '<|im_start|>{role}[ name={name}]<|im_sep|>{^}{content}<|im_end|>'

    Raises:
        UnknownFormatError: there is none; the message names the nearest of `FORMAT_ROWS`.
    """
    if name not in FORMAT_ROWS:
        raise UnknownFormatError(
            f"unknown format {shown(name)}; of the {len(FORMAT_ROWS)} in chatfmt.FORMAT_ROWS the "
            f"nearest are {', '.join(_nearest(name, FORMAT_ROWS))}. For your own layout make a "
            "ChatFormat"
        )
    return ChatFormat(name=name, **FORMAT_ROWS[name])


def format_for_model(model: str) -> ChatFormat:
    """The format in which a model was trained.

    Raises:
        UnknownFormatError: the model is not in the table.
    """
    if model not in MODELS:
        raise UnknownFormatError(
            f"unknown model {shown(model)}; of the {len(MODELS)} in chatfmt.MODELS the nearest are "
            f"{', '.join(_nearest(model, MODELS))}. If you know its format, use "
            "get_tokenizer(format)"
        )
    return get_format(MODELS[model])


def _nearest(name: str, table: Iterable[str]) -> list[str]:
    """The names in a table that are most like this one."""
    return get_close_matches(name[:100], [*table], n=3, cutoff=0)
