"""Calls with a tag for each key and each value, by whoever has no module of his own."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_CALL = (
    "<tool_call>{call.name}"
    "[<arg_key>{arg.key}</arg_key><arg_value>{arg.value:loose}</arg_value>]*</tool_call>"
)
_BEGIN = "<｜start▁of▁sentence｜>"  # noqa: RUF001 - so it is spelled
_END = "<｜end▁of▁sentence｜>"  # noqa: RUF001 - so it is spelled
_LAGUNA = "<assistant>[<think>{^}{reasoning}</think>]{content}"
_SPARK = f"{_BEGIN}<|Bot|>[<think>{{^}}{{reasoning}}]</think>{{content}}"

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
        "fences": ["<tool_call>", "</arg_value><", "</tool_response><"],
        "source": "Spark2.5.jinja of llama.cpp",
    },
}
