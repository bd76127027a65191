"""InclusionAI's Ling."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_END = "<|role_end|>"

ROWS: dict[str, dict[str, Any]] = {
    "ling-3": {
        "template": {
            "system": "<role>SYSTEM</role>{content}" + _END,
            "user": "<role>HUMAN</role>{content}" + _END,
            "assistant": "<role>ASSISTANT</role>\n[<think>{^}{reasoning}</think>]{content}" + _END,
            "tool": {
                "open": "<role>OBSERVATION</role>\n",
                "each": "<tool_response>\n{content}\n</tool_response>",
                "sep": "\n",
                "close": _END,
            },
        },
        "special_tokens": ["<role>", "</role>", _END, "<think>", "</think>"],
        "fences": ["\n</tool_response>"],
        "source": "models/templates/inclusionai-ling-3.0-flash.jinja of llama.cpp, without calls",
    },
}
