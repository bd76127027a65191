"""MiniMax-M2, whose calls name each parameter."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import TOOLS_IN_SYSTEM, system

__all__ = ["ROWS"]

_TOOLS = (
    "{content}\n\n# Tools\nYou may call one or more tools to assist with the user query.\nHere are "
    "the tools available in JSONSchema format:\n\n<tools>\n{tools}\n</tools>\n\nWhen making tool "
    "calls, use XML format to invoke tools and pass parameters:\n\n<minimax:tool_call>\n"
    '<invoke name="tool-name-1">\n<parameter name="param-key-1">param-value-1</parameter>\n'
    '<parameter name="param-key-2">param-value-2</parameter>\n...\n</invoke>\n'
    "</minimax:tool_call>"
)
"""What the system message says about tools, word for word: models were trained with it."""

_CALLS = (
    '\n<minimax:tool_call>\n[<invoke name="{call.name}">\n'
    '[<parameter name="{arg.key}">{arg.value:loose}</parameter>\n]*</invoke>\n]*'
    "</minimax:tool_call>"
)
_ASSISTANT = "]~b]ai\n[<think>\n{^}{reasoning}\n</think>\n\n]{content}"

ROWS: dict[str, dict[str, Any]] = {
    "minimax-m2": {
        "prologue": "]~!b[",
        "template": {
            "system": ["]~b]system\n{content}[e~[\n", f"]~b]system\n{_TOOLS}[e~[\n"],
            "user": "]~b]user\n{content}[e~[\n",
            "assistant": [_ASSISTANT + "[e~[\n", _ASSISTANT + _CALLS + "[e~[\n"],
            "tool": {
                "open": "]~b]tool",
                "each": "\n<response>{content}</response>",
                "close": "[e~[\n",
            },
        },
        "special_tokens": [
            "]~!b[",
            "]~b]",
            "[e~[",
            "<think>",
            "</think>",
            "<minimax:tool_call>",
            "</minimax:tool_call>",
        ],
        "fences": [
            "\n\n# Tools\nYou may call one or more tools",
            "</response>",
            "</parameter>\n",
        ],
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user"},
            system("You are a helpful assistant.", empty="default"),
            {
                **TOOLS_IN_SYSTEM,
                "spelling": {"function": True, "before": "<tool>", "after": "</tool>"},
            },
        ],
        "faults": {
            "split_text": "it takes an answer apart at </think>",
        },
        "source": "unsloth-MiniMax-M2.jinja and MiniMax-M2.jinja of llama.cpp",
    },
}
