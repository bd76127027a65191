"""Layouts of makers with one row each."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.qwen import PREAMBLE
from chatfmt.line.rows.rewriting import ALTERNATE, NO_THINKING, TOOLS_IN_SYSTEM, strip, system

__all__ = ["ROWS"]


def _openchat(role: str, before: str = " ") -> str:
    return f"GPT4 Correct {role}:{before}{{content}}<|end_of_turn|>"


_BEGIN, _END = "<beginning_of_sentence>", "<end_of_sentence>"
_MINIMAX_TOOLS = (
    "You are provided with these tools:\n<tools>\n{tools}\n</tools>\n\n"
    "If you need to call tools, please respond with <tool_calls></tool_calls> XML tags, and "
    "provide tool-name and json-object of arguments, following the format below:\n<tool_calls>\n"
    r'\{"name": <tool-name>, "arguments": <args-json-object>\}'
    "\n...\n</tool_calls>"
)
_MINIMAX_CALLS = "[{content}\n]<tool_calls>\n[\n|{call:json name, arguments}]*\n</tool_calls>"
_REKA_CALLS = "[{content}\n][<tool_call>\n{call:json name, arguments}\n</tool_call>]*"

ROWS: dict[str, dict[str, Any]] = {
    "openchat-3.5": {
        "prologue": "<s>",
        "template": {
            "system": _openchat("System"),
            "user": _openchat("User"),
            "assistant": _openchat("Assistant", "{^} "),
            "tool": _openchat("Tool"),
        },
        "special_tokens": ["<s>", "<|end_of_turn|>"],
        "prepare": [NO_THINKING],
        "faults": {
            "dropped_calls": "it leaves out calls",
        },
        "source": "chat_template in tokenizer_config.json of openchat/openchat-3.5-0106",
    },
    "minimax-m1": {
        "prologue": "<begin_of_document>",
        "template": {
            "system": [
                f"{_BEGIN}system ai_setting=assistant\n{{content}}{_END}\n",
                f"{_BEGIN}system tool_setting=tools\n{_MINIMAX_TOOLS}{_END}\n",
            ],
            "user": f"{_BEGIN}user name=user\n{{content}}{_END}\n",
            "assistant": [
                f"{_BEGIN}ai name=assistant\n{{^}}{{content}}{_END}\n",
                f"{_BEGIN}ai name=assistant\n{{^}}{_MINIMAX_CALLS}{_END}\n",
            ],
            "tool": f"{_BEGIN}tool name=tools\ntool result: {{content}}\n\n{_END}\n",
        },
        "special_tokens": ["<begin_of_document>", _BEGIN, _END],
        "fences": ["^<tool_calls>\n", "\n<tool_calls>\n"],
        "prepare": [
            NO_THINKING,
            strip("system", "user", "assistant"),
            system(
                "You are a helpful assistant created by Minimax based on MiniMax-M1 model.",
                empty="drop",
            ),
            {"word": "tools", "into": "message", "after_system": True},
        ],
        "faults": {
            "dropped_text": "it leaves out the text of a message that has calls",
        },
        "source": "chat_template in tokenizer_config.json of MiniMaxAI/MiniMax-M1-40k",
    },
    "reka-edge": {
        "template": {
            "system": [
                "system: {content}\n\n<sep>",
                "system: [{content}\n\n]" + PREAMBLE + "\n\n<sep>",
            ],
            "user": "human: {content}<sep>",
            "assistant": [
                "assistant:{^} {content}\n\n<sep>",
                f"assistant:{{^}} {_REKA_CALLS}\n\n<sep>",
            ],
        },
        "special_tokens": ["<sep>"],
        "fences": [
            "^# Tools\n\nYou may call",
            "\n\n# Tools\n\nYou may call",
            "^<tool_call>\n",
            "\n<tool_call>\n",
        ],
        "prepare": [
            NO_THINKING,
            system(empty="drop"),
            TOOLS_IN_SYSTEM,
            {
                "word": "rename",
                "role": "tool",
                "to": "user",
                "before": "<tool_response>\n",
                "after": "\n</tool_response>",
                "joined": True,
            },
        ],
        "faults": {
            "split_text": "it takes an answer apart at </think>",
        },
        "source": "models/templates/Reka-Edge.jinja of llama.cpp, without results",
    },
    "saiga": {
        "template": {
            "system": "<s>system\n{content}</s>",
            "user": "<s>user\n{content}</s>",
            "assistant": "<s>bot\n{^}{content}</s>",
        },
        "special_tokens": ["<s>", "</s>"],
        "prepare": [ALTERNATE, NO_THINKING, strip("system", "user", "assistant")],
        "source": "the template for Saiga in chujiezheng/chat_templates",
    },
}
