r"""The table of formats, one row each with its source, and the table of models.

A new format that fits the language is a new row here and nothing else.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from chatfmt.errors import UnknownFormatError, shown
from chatfmt.line.format import ChatFormat
from chatfmt.line.rows import (
    chatml,
    cohere,
    google,
    ibm,
    internlm,
    meta,
    microsoft,
    mistral,
    moonshot,
    openai,
    others,
    qwen,
    upstage,
)

__all__ = ["FORMAT_ROWS", "MODELS", "format_for_model", "get_format"]

_IM = ["<|im_start|>", "<|im_end|>"]
_IM_SEP = [*_IM, "<|im_sep|>"]
_ROLES = ["system", "developer", "user", "assistant", "tool"]

FORMAT_ROWS: dict[str, dict[str, Any]] = {
    "gpt-4o": {
        "template": "<|im_start|>{role}[ name={name}]<|im_sep|>{content}<|im_end|>",
        "special_tokens": _IM_SEP,
        "roles": _ROLES,
        "encoding": "o200k_im",
        "source": (
            "role, separator and end: the Tiktokenizer page; ' name=': OpenAI's ChatML v0 document"
        ),
    },
    "gpt-4": {
        "template": "<|im_start|>{role}[ name={name}]<|im_sep|>{content}<|im_end|>",
        "special_tokens": _IM_SEP,
        "roles": _ROLES,
        "encoding": "cl100k_im",
        "source": (
            "role, separator and end: the Tiktokenizer page; ' name=': OpenAI's ChatML v0 document"
        ),
    },
    "phi-4": {
        "template": "<|im_start|>{role}<|im_sep|>{content}<|im_end|>",
        "special_tokens": _IM_SEP,
        "roles": _ROLES,
        "encoding": "cl100k_im",
        "source": "tokenizer_config.json of microsoft/phi-4 on the Hugging Face hub",
    },
    "gpt-3.5-turbo": {
        "template": "<|im_start|>{role}[ name={name}]\n{content}<|im_end|>\n",
        "special_tokens": _IM,
        "roles": _ROLES,
        "encoding": "cl100k_im",
        "source": "OpenAI's ChatML v0 document (openai-python, chatml.md)",
    },
    "chatml": {
        "template": "<|im_start|>{role}\n{content}<|im_end|>\n",
        "special_tokens": _IM,
        "roles": _ROLES,
        "source": (
            "tokenizer_config.json of Qwen/Qwen2.5 and HuggingFaceTB/SmolLM models, without the "
            "system message that some of them invent"
        ),
    },
    "llama-3": {
        "prologue": "<|begin_of_text|>",
        "template": "<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>",
        "special_tokens": [
            "<|begin_of_text|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>",
        ],
        "roles": ["system", "user", "assistant", "ipython"],
        "source": "Meta's llama-models repository, models/llama3_1/prompt_format.md",
    },
    "nanochat": {
        "prologue": "<|bos|>",
        "template": {
            "user": "<|user_start|>{content}<|user_end|>",
            "assistant": "<|assistant_start|>{content}<|assistant_end|>",
        },
        "special_tokens": [
            "<|bos|>",
            "<|user_start|>",
            "<|user_end|>",
            "<|assistant_start|>",
            "<|assistant_end|>",
        ],
        "source": "karpathy/nanochat, nanochat/tokenizer.py",
    },
    **openai.ROWS,
    **qwen.ROWS,
    **google.ROWS,
    **meta.ROWS,
    **microsoft.ROWS,
    **ibm.ROWS,
    **cohere.ROWS,
    **chatml.ROWS,
    **others.ROWS,
    **internlm.ROWS,
    **mistral.ROWS,
    **moonshot.ROWS,
    **upstage.ROWS,
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
    "Qwen/Qwen2.5-0.5B-Instruct": "chatml",
    "Qwen/Qwen2.5-1.5B-Instruct": "chatml",
    "Qwen/Qwen2.5-3B-Instruct": "chatml",
    "Qwen/Qwen2.5-7B-Instruct": "chatml",
    "Qwen/Qwen2.5-14B-Instruct": "chatml",
    "Qwen/Qwen2.5-32B-Instruct": "chatml",
    "Qwen/Qwen2.5-72B-Instruct": "chatml",
    "HuggingFaceTB/SmolLM2-135M-Instruct": "chatml",
    "HuggingFaceTB/SmolLM2-360M-Instruct": "chatml",
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": "chatml",
    "meta-llama/Meta-Llama-3-8B-Instruct": "llama-3",
    "meta-llama/Meta-Llama-3-70B-Instruct": "llama-3",
}
"""Model to the name of its format. There is no guessing by prefix."""


@cache
def get_format(name: str) -> ChatFormat:
    """The format of that name, compiled at the first call.

    >>> get_format("gpt-4o").template
    '<|im_start|>{role}[ name={name}]<|im_sep|>{content}<|im_end|>'

    Raises:
        UnknownFormatError: there is none; the message lists which there are.
    """
    if name not in FORMAT_ROWS:
        raise UnknownFormatError(
            f"unknown format {shown(name)}; there are {', '.join(FORMAT_ROWS)}. For your own "
            "layout make a ChatFormat"
        )
    return ChatFormat(name=name, **FORMAT_ROWS[name])


def format_for_model(model: str) -> ChatFormat:
    """The format in which a model was trained.

    Raises:
        UnknownFormatError: the model is not in the table.
    """
    if model not in MODELS:
        raise UnknownFormatError(
            f"unknown model {shown(model)}; known are {', '.join(MODELS)}. If you know its format, "
            "use get_tokenizer(format)"
        )
    return get_format(MODELS[model])
