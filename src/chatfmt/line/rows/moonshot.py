"""Moonshot's Kimi."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_ASSISTANT = "<|im_assistant|>assistant<|im_middle|>{^}"
_CALLS = (
    "<|tool_calls_section_begin|>[<|tool_call_begin|>{call.id}<|tool_call_argument_begin|>"
    "{call.arguments}<|tool_call_end|>]*<|tool_calls_section_end|><|im_end|>"
)
_RESULT = "<|im_middle|>## Return of {call_id}\n{content}<|im_end|>"
_TOKENS = [
    "<|im_system|>",
    "<|im_user|>",
    "<|im_assistant|>",
    "<|im_middle|>",
    "<|im_end|>",
    "<|tool_calls_section_begin|>",
    "<|tool_calls_section_end|>",
    "<|tool_call_begin|>",
    "<|tool_call_argument_begin|>",
    "<|tool_call_end|>",
]
_OTHERS = {
    "system": "<|im_system|>system<|im_middle|>{content}<|im_end|>",
    "tool_declare": "<|im_system|>tool_declare<|im_middle|>{content}<|im_end|>",
    "user": "<|im_user|>user<|im_middle|>{content}<|im_end|>",
    "tool": ["<|im_system|>{name}" + _RESULT, "<|im_system|>tool" + _RESULT],
}
_THINK = "[<think>{reasoning}</think>]"

ROWS: dict[str, dict[str, Any]] = {
    "kimi-k2": {
        "template": {
            **_OTHERS,
            "assistant": [
                _ASSISTANT + "{content}<|im_end|>",
                _ASSISTANT + "{content}" + _CALLS,
            ],
        },
        "special_tokens": _TOKENS,
        "call_ids": "functions.{call.name}:{n}",
        "source": (
            "chat_template.jinja and docs/tool_call_guidance.md of moonshotai/Kimi-K2-Instruct"
        ),
    },
    "kimi-k2-thinking": {
        "template": {
            **_OTHERS,
            "assistant": [
                _ASSISTANT + _THINK + "{content}<|im_end|>",
                _ASSISTANT + _THINK + "{content}" + _CALLS,
            ],
        },
        "special_tokens": [*_TOKENS, "<think>", "</think>"],
        "call_ids": "functions.{call.name}:{n}",
        "source": "chat_template.jinja of moonshotai/Kimi-K2-Thinking",
    },
}
