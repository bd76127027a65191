"""InclusionAI's Ling."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_END = "<|role_end|>"
_ASSISTANT = "<role>ASSISTANT</role>\n[<think>{^}{reasoning}</think>]"
_CALL = (
    "<tool_call>{call.name}\n[<arg_key>{arg.key}</arg_key>\n"
    "<arg_value>{arg.value:loose}</arg_value>]*\n</tool_call>"
)

ROWS: dict[str, dict[str, Any]] = {
    "ling-3": {
        "template": {
            "system": "<role>SYSTEM</role>{content}" + _END,
            "user": "<role>HUMAN</role>{content}" + _END,
            "assistant": [
                _ASSISTANT + "{content}" + _END,
                _ASSISTANT + "[{content}\n][\n|" + _CALL + "]*" + _END,
            ],
            "tool": {
                "open": "<role>OBSERVATION</role>\n",
                "each": "<tool_response>\n{content}\n</tool_response>",
                "sep": "\n",
                "close": _END,
            },
        },
        "special_tokens": ["<role>", "</role>", _END, "<think>", "</think>"],
        "fences": ["\n</tool_response>", "^<tool_call>", "\n<tool_call>", "</arg_value>"],
        "source": "models/templates/inclusionai-ling-3.0-flash.jinja of llama.cpp",
    },
}
