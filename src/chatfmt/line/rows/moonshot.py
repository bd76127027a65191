"""Moonshot's Kimi."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, system

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

_K3 = "<|open|>response<|sep|>{content}<|close|>response<|sep|>"
_K3_CLOSE = "<|close|>message<|sep|><|end_of_msg|>"


def _k3(attributes: str, rest: str = "{content}") -> str:
    return f'<|open|>message role="{attributes}"<|sep|>{rest}{_K3_CLOSE}'


_TOOLS = [
    system("You are Kimi, an AI assistant created by Moonshot AI."),
    {
        "word": "tools",
        "into": "message",
        "role": "tool_declare",
        "field": "content",
        "spelling": {"whole": True},
    },
    {"word": "calls", "ids": "functions.{name}:{n}"},
]

_K3_TOOLS = "# Tools\nHere are the available tools, described in JSONSchema.\n\n```json\n"
_K3_EFFORT = (
    "`thinking_effort` guides on how much to think in your thinking channel (not including the "
    "response channel), supported values include `low`, `medium`, `high`, and `max`.\nNow the "
    "system is invoked with `thinking_effort={thinking_effort}`."
)

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
        "prepare": [NO_THINKING, *_TOOLS],
        "faults": {
            "start": "it writes a newline after its own system message, after no other",
        },
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
        "prepare": [
            {"word": "reasoning", "keep": "after_last_answer", "empty": "all", "dropped": ""},
            *_TOOLS,
        ],
        "faults": {
            "reasoning": "it looks for the last answer, and finds the first",
        },
        "source": "chat_template.jinja of moonshotai/Kimi-K2-Thinking",
    },
    "kimi-k3": {
        "template": {
            "system": _k3("system"),
            "thinking_effort": _k3('system" type="thinking-effort'),
            "tool_declare": _k3('system" type="tool-declare'),
            "user": _k3("user"),
            "assistant": [
                _k3("assistant", "<|open|>think<|sep|>{^}{reasoning}<|close|>think<|sep|>" + _K3),
                _k3("assistant", _K3),
            ],
            "tool": _k3('tool" tool="{name}" index="{call_id}'),
        },
        "special_tokens": ["<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>"],
        "prepare": [
            {"word": "reasoning", "keep": "all", "empty": "all"},
            {
                "word": "insert",
                "role": "thinking_effort",
                "content": _K3_EFFORT,
                "values": {"thinking_effort": "max"},
            },
            {
                "word": "tools",
                "into": "message",
                "role": "tool_declare",
                "field": "content",
                "spelling": {"whole": True, "compact": True, "sorted_keys": True},
                "before": _K3_TOOLS,
                "after": "\n```",
            },
        ],
        "source": "Kimi-K3.jinja of llama.cpp, without calls, whose arguments say their types",
    },
}
