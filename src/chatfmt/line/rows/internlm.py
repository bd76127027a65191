"""InternLM."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING

__all__ = ["ROWS"]

_PLUGINS = "[<|action_start|><|plugin|>\n{call:json name, parameters}<|action_end|>]*"

ROWS: dict[str, dict[str, Any]] = {
    "internlm-2": {
        "prologue": "<s>",
        "template": {
            "system": "<|im_start|>system\n{content}<|im_end|>\n",
            "tools": "<|im_start|>system name=<|plugin|>\n{content}<|im_end|>\n",
            "user": "<|im_start|>user\n{content}<|im_end|>\n",
            "assistant": [
                "<|im_start|>assistant\n{^}{content}<|im_end|>\n",
                "<|im_start|>assistant\n{^}{content}" + _PLUGINS + "<|im_end|>\n",
            ],
            "tool": "<|im_start|>environment name=<|plugin|>\n{content}<|im_end|>\n",
        },
        "special_tokens": [
            "<s>",
            "<|im_start|>",
            "<|im_end|>",
            "<|action_start|>",
            "<|action_end|>",
            "<|plugin|>",
        ],
        "prepare": [NO_THINKING],
        "faults": {
            "dropped_calls": "it leaves out calls, and writes a role that InternLM has not",
        },
        "source": "InternLM's repository, chat/chat_format.md, function call",
    },
}
