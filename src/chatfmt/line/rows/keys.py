"""Calls with a tag for each key and each value, by whoever has no module of his own."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import strip, system

__all__ = ["ROWS"]

_CALL = (
    "<tool_call>{call.name}"
    "[<arg_key>{arg.key}</arg_key><arg_value>{arg.value:loose}</arg_value>]*</tool_call>"
)
_BEGIN = "<｜start▁of▁sentence｜>"  # noqa: RUF001 - so it is spelled
_END = "<｜end▁of▁sentence｜>"  # noqa: RUF001 - so it is spelled
_LAGUNA = "<assistant>[<think>{^}{reasoning}</think>]{content}"
_SPARK = f"{_BEGIN}<|Bot|>[<think>{{^}}{{reasoning}}]</think>{{content}}"

_POOLSIDE = (
    "You are a helpful, conversationally-fluent assistant made by Poolside. You are here to be "
    "helpful to users through natural language conversations."
)
_LAGUNA_TOOLS = (
    "\n\n### Tools\n\nYou may call functions to assist with the user query.\n"
    "All available function signatures are listed below:\n<available_tools>\n"
)

ROWS: dict[str, dict[str, Any]] = {
    "laguna": {
        "prologue": "〈|EOS|〉",
        "template": {
            "system": "<system>{content}</system>\n",
            "user": "<user>{content}</user>\n",
            "assistant": [
                _LAGUNA + "</assistant>\n",
                _LAGUNA + f"[{_CALL}]*</assistant>\n",
            ],
            "tool": "<tool_response>{content}</tool_response>\n",
        },
        "special_tokens": [
            "〈|EOS|〉",
            *(
                f"<{closing}{name}>"
                for name in (
                    *("system", "user", "assistant", "think", "tool_call"),
                    *("arg_key", "arg_value", "tool_response"),
                )
                for closing in ("", "/")
            ),
        ],
        "prepare": [
            {"word": "reasoning", "keep": "all", "empty": "all"},
            strip("system", side="end"),
            system(_POOLSIDE),
            {
                "word": "tools",
                "into": "system",
                "field": "content",
                "before": _LAGUNA_TOOLS,
                "after": "\n</available_tools>",
                "place": "after",
            },
        ],
        "source": "poolside-Laguna-S-2.1.jinja of llama.cpp",
    },
    "spark-2.5": {
        "template": {
            "system": f"{_BEGIN}<|System|>\n{{content}}{_END}",
            "user": f"{_BEGIN}<|User|>{{content}}{_END}",
            "assistant": [_SPARK + _END, _SPARK + f"[{_CALL}]*{_END}"],
            "tool": {
                "open": f"{_BEGIN}<|Tool|>",
                "each": "<tool_response>{content}</tool_response>",
                "close": _END,
            },
        },
        "special_tokens": [
            *(_BEGIN, _END, "<|System|>", "<|User|>", "<|Bot|>", "<|Tool|>", "</think>"),
        ],
        "fences": ["<tool_call>", "</arg_value>", "</tool_response><"],
        "prepare": [
            {
                "word": "tools",
                "into": "system",
                "field": "content",
                "spelling": {"function": True},
                "before": "## Tools\nYou have access to the following functions:\n<tools>\n",
                "after": "\n</tools>",
                "between": "\n\n",
            },
            system(
                "you are a helpful assistant.",
                before="you are a helpful assistant.\n\n",
                before_with_tools="you are a helpful assistant.",
                empty="default",
            ),
        ],
        "source": "Spark2.5.jinja of llama.cpp",
    },
}
