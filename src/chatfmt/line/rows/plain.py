"""Plain chats: no calls, no reasoning."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, strip

__all__ = ["ROWS"]

_IM = ["<|im_start|>", "<|im_end|>"]
_IM_SEP = [*_IM, "<|im_sep|>"]
_ROLES = ["system", "developer", "user", "assistant", "tool"]

ROWS: dict[str, dict[str, Any]] = {
    "gpt-4o": {
        "template": "<|im_start|>{role}[ name={name}]<|im_sep|>{^}{content}<|im_end|>",
        "special_tokens": _IM_SEP,
        "roles": _ROLES,
        "speakers": _ROLES,
        "encoding": "o200k_im",
        "source": (
            "role, separator and end: the Tiktokenizer page; ' name=': OpenAI's ChatML v0 document"
        ),
    },
    "gpt-4": {
        "template": "<|im_start|>{role}[ name={name}]<|im_sep|>{^}{content}<|im_end|>",
        "special_tokens": _IM_SEP,
        "roles": _ROLES,
        "speakers": _ROLES,
        "encoding": "cl100k_im",
        "source": (
            "role, separator and end: the Tiktokenizer page; ' name=': OpenAI's ChatML v0 document"
        ),
    },
    "phi-4": {
        "template": "<|im_start|>{role}<|im_sep|>{^}{content}<|im_end|>",
        "special_tokens": _IM_SEP,
        "roles": _ROLES,
        "speakers": _ROLES,
        "encoding": "cl100k_im",
        "prepare": [NO_THINKING],
        "faults": {
            "dropped_calls": "it leaves out calls, and the header of an answer after a result",
        },
        "source": "tokenizer_config.json of microsoft/phi-4 on the Hugging Face hub",
    },
    "gpt-3.5-turbo": {
        "template": "<|im_start|>{role}[ name={name}]\n{^}{content}<|im_end|>\n",
        "special_tokens": _IM,
        "roles": _ROLES,
        "speakers": _ROLES,
        "encoding": "cl100k_im",
        "source": (
            "OpenAI's ChatML v0 document (openai-python, chatml.md); that every content is encoded "
            "by itself: how OpenAI's cookbook counts tokens"
        ),
    },
    "chatml": {
        "template": "<|im_start|>{role}\n{^}{content}<|im_end|>\n",
        "special_tokens": _IM,
        "roles": _ROLES,
        "source": (
            "tokenizer_config.json of HuggingFaceTB/SmolLM2 models, without the "
            "system message that some of them invent"
        ),
    },
    "llama-3": {
        "prologue": "<|begin_of_text|>",
        "template": "<|start_header_id|>{role}<|end_header_id|>\n\n{^}{content}<|eot_id|>",
        "special_tokens": [
            "<|begin_of_text|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>",
            "<|end_of_text|>",
        ],
        "roles": ["system", "user", "assistant", "ipython"],
        "stops": ["<|eot_id|>", "<|end_of_text|>"],
        "prepare": [NO_THINKING, strip("system", "user", "assistant")],
        "faults": {
            "dropped_calls": "it leaves out calls, and writes a role that Llama 3 has not",
        },
        "source": (
            "Meta's llama-models repository, models/llama3_1/prompt_format.md; stops: "
            "generation_config.json of meta-llama/Meta-Llama-3-8B-Instruct"
        ),
    },
    "nanochat": {
        "prologue": "<|bos|>",
        "template": {
            "user": "<|user_start|>{^}{content}<|user_end|>",
            "assistant": "<|assistant_start|>{^}{content}<|assistant_end|>",
        },
        "speakers": ["user", "assistant"],
        "special_tokens": [
            "<|bos|>",
            "<|user_start|>",
            "<|user_end|>",
            "<|assistant_start|>",
            "<|assistant_end|>",
        ],
        "source": "karpathy/nanochat, nanochat/tokenizer.py",
    },
}
