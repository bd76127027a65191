"""Upstage's Solar."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, system

__all__ = ["ROWS"]

_CALLS = (
    "[<|tool_call:begin|>{call.id}<|tool_call:name|>{call.name}<|tool_call:args|>"
    "{call.arguments}<|tool_call:end|>]*"
)

_PROVIDER = (
    "## Provider System Prompt\n\n"
    "You are Solar Open 100B, a large language model trained by Upstage AI, a Korean startup. Your "
    "knowledge cutoff is 2025-07. The current date is {date:%Y-%m-%d}."
)
"""What each system message begins with, word for word."""

ROWS: dict[str, dict[str, Any]] = {
    "solar-open": {
        "template": {
            "system": "<|begin|>system<|content|>{content}<|end|>",
            "user": "<|begin|>user<|content|>{content}<|end|>",
            "assistant": [
                "<|begin|>assistant{^}<|content|>{content}<|end|>",
                "<|begin|>assistant{^}<|tool_calls|>" + _CALLS + "<|calls|>",
            ],
            "tool": {
                "open": "<|begin|>tool<|tool_response|>",
                "each": "<|tool_response:begin|>{call_id}<|tool_response:name|>{name}"
                "<|tool_response:result|>{content}<|tool_response:end|>",
                "close": "<|end|>",
            },
        },
        "special_tokens": [
            "<|begin|>",
            "<|content|>",
            "<|end|>",
            "<|tool_calls|>",
            "<|tool_call:begin|>",
            "<|tool_call:name|>",
            "<|tool_call:args|>",
            "<|tool_call:end|>",
            "<|calls|>",
            "<|tool_response|>",
            "<|tool_response:begin|>",
            "<|tool_response:name|>",
            "<|tool_response:result|>",
            "<|tool_response:end|>",
        ],
        "prepare": [
            {"word": "order", "tools": False},
            NO_THINKING,
            system(_PROVIDER, before=_PROVIDER + "\n\n## System Prompt\n\n", values={"date": None}),
        ],
        "source": (
            "chat_template.jinja of upstage/Solar-Open-100B, without reasoning, and without "
            "definitions of tools, which have tokens between them"
        ),
    },
}
