"""Muse Glimmer, in which a call is a message to the tool."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_ASSISTANT = "<|start|>assistant{^}"

ROWS: dict[str, dict[str, Any]] = {
    "muse-glimmer": {
        "prologue": "<|begin_of_text|>",
        "template": {
            "system": "<|start|>system<|message|>{content}<|eot|>",
            "user": "<|start|>user<|message|>{content}<|eot|>",
            "assistant": [
                _ASSISTANT + " to={recipient=self}<|message|>{content}<|eom|>",
                _ASSISTANT + " to={recipient}<|message|>{content}<|eot|>",
                _ASSISTANT + " to={recipient}<|message|>{content}<|eom|>",
            ],
            "tool": "<|start|>tool {name}<|message|>{content}<|eot|>",
        },
        "special_tokens": ["<|begin_of_text|>", "<|start|>", "<|message|>", "<|eot|>", "<|eom|>"],
        "stops": ["<|eot|>"],
        "source": (
            "chat_templates/muse_glimmer.jinja of TRL 1.16; the spelling of the first token is "
            "not confirmed"
        ),
    },
}
