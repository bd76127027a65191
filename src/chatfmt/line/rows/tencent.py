"""Hunyuan 3, by Tencent."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import TOOLS_IN_SYSTEM, system

__all__ = ["ROWS"]

_BEGIN, _END, _MODE, _USER, _ASSISTANT = (
    "<｜hy_begin_of_sentence:opensource｜>",  # noqa: RUF001 - so they are spelled
    "<｜hy_eos:opensource｜>",  # noqa: RUF001
    "<｜reasoning_mode:opensource｜>",  # noqa: RUF001
    "<｜hy_User:opensource｜>",  # noqa: RUF001
    "<｜hy_Assistant:opensource｜>",  # noqa: RUF001
)
_TAGS = [
    f"<{closing}{name}:opensource>"
    for name in (
        *("think", "tool_calls", "tool_call", "arg_key", "arg_value"),
        *("tool_responses", "tool_response"),
    )
    for closing in ("", "/")
]
_TOOLS = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
    "{tools}\n</tools>\n\nFor function call returns, you should first print "
)
_EXAMPLE = "".join(
    rf"<arg_key:opensource>\{{arg-key-{n}\}}</arg_key:opensource>" + "\n"
    rf"<arg_value:opensource>\{{arg-value-{n}\}}</arg_value:opensource>" + "\n"
    for n in (1, 2)
)
_SYSTEM = (
    f"{_TOOLS}<tool_calls:opensource>\nFor each function call, you should return object like:\n"
    rf"<tool_call:opensource>\{{function-name\}}<tool_sep:opensource>" + f"\n{_EXAMPLE}...\n"
    "</tool_call:opensource>\nAt the end of function call returns, you should print "
    "</tool_calls:opensource>{next}"
)
"""What the system message says about tools, word for word: models were trained with it."""

_ANSWER = f"{_ASSISTANT}[<think:opensource>{{^}}{{reasoning}}</think:opensource>]{{content}}"
_CALLS = (
    "<tool_calls:opensource>\n[\n|<tool_call:opensource>{call.name}<tool_sep:opensource>\n"
    "[<arg_key:opensource>{arg.key}</arg_key:opensource>\n"
    "<arg_value:opensource>{arg.value:loose}</arg_value:opensource>\n]*</tool_call:opensource>]*\n"
    "</tool_calls:opensource>"
)

ROWS: dict[str, dict[str, Any]] = {
    "hunyuan-3": {
        "prologue": _BEGIN,
        "template": {
            "system": [
                {"line": "{content}{next}", "after": "start"},
                {"line": "[{content}\n\n]" + _SYSTEM, "after": "start"},
            ],
            "settings": f"{_MODE}reasoning_effort:{{content}}{{next}}",
            "user": f"{_USER}{{content}}{{next}}",
            "assistant": [_ANSWER + _END, _ANSWER + _CALLS + _END],
            "tool": {
                "open": "<tool_responses:opensource>",
                "each": "\n<tool_response:opensource>\n{content}\n</tool_response:opensource>",
                "close": "\n</tool_responses:opensource>",
            },
        },
        "special_tokens": [
            *(_BEGIN, _END, _MODE, _USER, _ASSISTANT, *_TAGS, "<tool_sep:opensource>"),
        ],
        "thinking": False,
        "fences": ["^# Tools\n\nYou may call", "\n\n# Tools\n\nYou may call"],
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user", "empty": "all", "dropped": ""},
            system(empty="drop"),
            TOOLS_IN_SYSTEM,
            {
                "word": "insert",
                "role": "settings",
                "content": "{reasoning_effort}",
                "values": {"reasoning_effort": "no_think"},
                "after_system": True,
            },
        ],
        "faults": {
            "end": "it leaves out the end of an answer that nothing follows",
        },
        "source": (
            "tencent-Hy3.jinja of llama.cpp; the reasoning effort is a message of the role "
            "settings; not confirmed: that all its tags are tokens"
        ),
    },
}
