"""Qwen, and what is laid out like it."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_TOOLS = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
    "{tools}\n</tools>\n\nFor each function call, return a json object with function name and "
    "arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    r'\{"name": <function-name>, "arguments": <args-json-object>\}'
    "\n</tool_call>"
)
"""What the system message says about tools, word for word: models were trained with it."""

_SYSTEM = [
    "<|im_start|>system\n{content}<|im_end|>\n",
    "<|im_start|>system\n[{content}\n\n]" + _TOOLS + "<|im_end|>\n",
]
_USER = "<|im_start|>user\n{content}<|im_end|>\n"
_CALLS = "[{content}\n][\n|<tool_call>\n{call:json name, arguments}\n</tool_call>]*<|im_end|>\n"
_RESULTS = {
    "open": "<|im_start|>user\n",
    "each": "<tool_response>\n{content}\n</tool_response>",
    "sep": "\n",
    "close": "<|im_end|>\n",
}
_FENCES = ["^# Tools\n\nYou may call", "\n\n# Tools\n\nYou may call", "\n</tools>\n\nFor each"]
_STOPS = ["<|im_end|>", "<|endoftext|>"]
_TOKENS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "</tool_call>"]
_THINKS = ["<tool_response>", "</tool_response>", "<think>", "</think>"]
_THINK = "[<think>\n{reasoning}\n</think>\n\n]"

ROWS: dict[str, dict[str, Any]] = {
    "qwen-3": {
        "template": {
            "system": _SYSTEM,
            "user": _USER,
            "assistant": [
                "<|im_start|>assistant\n{^}" + _THINK + "{content}<|im_end|>\n",
                "<|im_start|>assistant\n{^}" + _THINK + _CALLS,
            ],
            "tool": _RESULTS,
        },
        "special_tokens": [*_TOKENS, *_THINKS],
        "stops": _STOPS,
        "fences": _FENCES,
        "source": (
            "chat_template and added tokens in tokenizer_config.json of Qwen/Qwen3-0.6B; stops: "
            "its generation_config.json"
        ),
    },
}
