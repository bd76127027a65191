"""OpenAI's layouts."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_TYPE = "[ <|constrain|>{content_type}]"
_CALL = "<|message|>{content}<|call|>"
_ASSISTANT = "<|start|>assistant{^}"

ROWS: dict[str, dict[str, Any]] = {
    "gpt-oss": {
        "template": {
            "system": "<|start|>system<|message|>{content}<|end|>",
            "developer": "<|start|>developer<|message|>{content}<|end|>",
            "user": "<|start|>user<|message|>{content}<|end|>",
            "assistant": [
                f"{_ASSISTANT} to={{recipient}}<|channel|>{{channel}}{_TYPE}{_CALL}",
                f"{_ASSISTANT}<|channel|>{{channel}} to={{recipient}}{_TYPE}{_CALL}",
                f"{_ASSISTANT} to={{recipient}}<|channel|>{{channel}} {{content_type}}{_CALL}",
                f"{_ASSISTANT}<|channel|>{{channel}} to={{recipient}} {{content_type}}{_CALL}",
                {
                    "line": f"{_ASSISTANT}<|channel|>{{channel=final}}{_TYPE}"
                    "<|message|>{content}<|end|>",
                    "training_end": "<|return|>",
                },
                f"{_ASSISTANT}<|channel|>{{channel}}{_TYPE}<|message|>{{content}}<|end|>",
            ],
            "tool": "<|start|>{name} to={recipient}<|channel|>{channel}<|message|>{content}<|end|>",
        },
        "special_tokens": [
            "<|start|>",
            "<|channel|>",
            "<|constrain|>",
            "<|message|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
        ],
        "stops": ["<|return|>", "<|call|>"],
        "encoding": "o200k_harmony",
        "source": "OpenAI's harmony guide, and openai-harmony 0.0.8, render of a conversation",
    },
}
