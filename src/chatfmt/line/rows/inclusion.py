"""InclusionAI's Ling."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import strip, system

__all__ = ["ROWS"]

_END = "<|role_end|>"
_ASSISTANT = "<role>ASSISTANT</role>\n[<think>{^}{reasoning}</think>]"
_CALL = (
    "<tool_call>{call.name}\n[<arg_key>{arg.key}</arg_key>\n"
    "<arg_value>{arg.value:loose}</arg_value>]*\n</tool_call>"
)

_TOOLS = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
)
_CALLS_SO = (
    "\n</tools>\n\nIf none of the functions can be used, point it out. If the given question lacks "
    "the parameters required by the function, also point it out.\nIf you need to use a function, "
    "for each function call, output the function name and arguments within the following XML "
    "format:\n<tool_call>{function-name}\n<arg_key>{arg-key-1}</arg_key>\n"
    "<arg_value>{arg-value-1}</arg_value>\n<arg_key>{arg-key-2}</arg_key>\n"
    "<arg_value>{arg-value-2}</arg_value>\n...\n</tool_call>"
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
        "prepare": [
            {"word": "reasoning", "keep": "all", "empty": "all"},
            strip("assistant", field="reasoning", characters="\n"),
            {
                "word": "tools",
                "into": "system",
                "field": "content",
                "before": _TOOLS,
                "after": _CALLS_SO,
                "place": "after",
                "between": "\n",
            },
            system("detailed thinking on", after="\ndetailed thinking on"),
        ],
        "faults": {
            "split_text": "it takes an answer apart at </think>",
        },
        "source": "models/templates/inclusionai-ling-3.0-flash.jinja of llama.cpp",
    },
}
