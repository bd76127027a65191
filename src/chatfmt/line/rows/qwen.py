"""Qwen."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, TOOLS_IN_SYSTEM, strip, system

__all__ = ["PREAMBLE", "ROWS"]

PREAMBLE = (
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
    "<|im_start|>system\n[{content}\n\n]" + PREAMBLE + "<|im_end|>\n",
]
_USER = "<|im_start|>user\n{content}<|im_end|>\n"
_RESULTS = {
    "open": "<|im_start|>user\n",
    "each": "<tool_response>\n{content}\n</tool_response>",
    "sep": "\n",
    "close": "<|im_end|>\n",
}
_CALLS = "[{content}\n][\n|<tool_call>\n{call:json name, arguments}\n</tool_call>]*<|im_end|>\n"
_THINKS = "[<think>\n{reasoning}\n</think>\n\n]"
_GOES_ON_THINKING = "[<think>\n{^}{reasoning}\n</think>\n\n]"


def _assistant(before: str) -> list[str]:
    start = "<|im_start|>assistant\n" + before
    return [start + "{content}<|im_end|>\n", start + _CALLS]


_TOKENS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "</tool_call>"]
_RESULT_TOKENS = ["<tool_response>", "</tool_response>"]
_THINK_TOKENS = ["<think>", "</think>"]
_FENCES = ["^# Tools\n\nYou may call", "\n\n# Tools\n\nYou may call"]
_STOPS = ["<|im_end|>", "<|endoftext|>"]


def _source(model: str) -> str:
    return (
        f"chat_template and added tokens in tokenizer_config.json of {model}; stops: its "
        "generation_config.json"
    )


_ANSWERS: dict[str, Any] = {
    "template": {
        "system": _SYSTEM,
        "user": _USER,
        "assistant": _assistant("{^}"),
        "tool": _RESULTS,
    },
    "special_tokens": [*_TOKENS, *_RESULT_TOKENS],
    "stops": _STOPS,
    "fences": _FENCES,
}
"""Of models that answer at once."""

_MAY_THINK: dict[str, Any] = {
    **_ANSWERS,
    "template": {**_ANSWERS["template"], "assistant": _assistant("{^}" + _THINKS)},
    "special_tokens": [*_TOKENS, *_RESULT_TOKENS, *_THINK_TOKENS],
}
"""Of models that say themselves whether they think."""

_THINKS_FIRST: dict[str, Any] = {
    **_MAY_THINK,
    "template": {**_ANSWERS["template"], "assistant": _assistant(_GOES_ON_THINKING)},
}
"""Of models whose prompt opens the reasoning."""

_ANSWERING = [NO_THINKING, TOOLS_IN_SYSTEM]
_THINKING = [
    {"word": "reasoning", "keep": "after_last_user", "empty": "kept"},
    strip("assistant", field="reasoning", characters="\n"),
    strip("assistant", side="start", characters="\n", thinks=True),
    TOOLS_IN_SYSTEM,
]
_CREATED = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

ROWS: dict[str, dict[str, Any]] = {
    "qwen-2.5": {
        **_ANSWERS,
        "special_tokens": _TOKENS,  # results are wrapped in ordinary text
        "fences": [*_FENCES, "^<tool_response>\n", "\n</tool_response>"],
        "prepare": [NO_THINKING, system(_CREATED), TOOLS_IN_SYSTEM],
        "source": _source("Qwen/Qwen2.5-7B-Instruct"),
    },
    "qwq": {
        **_THINKS_FIRST,
        "template": {
            **_THINKS_FIRST["template"],
            "system": [
                "<|im_start|>system\n{content}<|im_end|>\n",
                "<|im_start|>system\n{content}\n\n" + PREAMBLE + "<|im_end|>\n",
            ],
        },
        "fences": ["\n\n# Tools\n\nYou may call"],
        "prepare": [
            NO_THINKING,
            strip("assistant", side="start", characters="\n"),
            TOOLS_IN_SYSTEM,
        ],
        "source": _source("Qwen/QwQ-32B"),
    },
    "qwen-3": {
        **_MAY_THINK,
        "prepare": _THINKING,
        "faults": {
            "calls": "it looks for newlines before calls after it has taken them away",
            "reasoning": "it gives empty reasoning to the last answer alone",
        },
        "source": _source("Qwen/Qwen3-0.6B"),
    },
    "qwen-3-2507": {
        **_ANSWERS,
        "prepare": _ANSWERING,
        "source": _source("Qwen/Qwen3-4B-Instruct-2507"),
    },
    "qwen-3-thinking": {
        **_THINKS_FIRST,
        "prepare": _THINKING,
        "source": _source("Qwen/Qwen3-4B-Thinking-2507"),
    },
    "qwen-3-next-thinking": {
        **_THINKS_FIRST,
        "prepare": _THINKING,
        "faults": {
            "reasoning": "it gives empty reasoning to the last answer alone",
        },
        "source": _source("Qwen/Qwen3-Next-80B-A3B-Thinking"),
    },
    "qwen-3-vl": {
        **_ANSWERS,
        "prepare": _ANSWERING,
        "source": _source("Qwen/Qwen3-VL-4B-Instruct") + "; its text, without images",
    },
}
