"""Functionary, by MeetKai, which is laid out as Llama 3 is."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.meta import LLAMA_3
from chatfmt.line.rows.rewriting import NO_THINKING

__all__ = ["ROWS"]

_CALLS = (
    "<|start_header_id|>{role}<|end_header_id|>\n\n{^}{content}"
    "[<function={call.name}>{call.arguments:object}</function>]*"
)
_HOW = (
    "\n\n\n"
    "Think very carefully before calling functions.\n"
    "If a you choose to call a function ONLY reply in the following format:\n"
    "<{start_tag}={function_name}>{parameters}{end_tag}\n"
    "where\n\n"
    "start_tag => `<function`\n"
    "parameters => a JSON dict with the function argument name as key and function argument value "
    "as value.\n"
    "end_tag => `</function>`\n\n"
    "Here is an example,\n"
    '<function=example_function_name>{"example_name": "example_value"}</function>\n\n'
    "Reminder:\n"
    "- If looking for real time information use relevant functions before falling back to "
    "brave_search\n"
    "- Function calls MUST follow the specified format, start with <function= and end with "
    "</function>\n"
    "- Required parameters MUST be specified\n"
    "- Only call one function at a time\n"
    "- Put the entire function call reply on one line\n\n"
)
"""What the system message says about calls, word for word."""

ROWS: dict[str, dict[str, Any]] = {
    "functionary-3.1": {
        **LLAMA_3,
        "template": {
            **LLAMA_3["template"],
            "assistant": [
                LLAMA_3["template"]["assistant"],
                f"{_CALLS}<|eom_id|>",
                f"{_CALLS}<|eot_id|>",
            ],
        },
        "fences": ["<function="],
        "prepare": [
            NO_THINKING,
            {
                "word": "insert",
                "role": "system",
                "content": "\nCutting Knowledge Date: December 2023\n\n",
            },
            {
                "word": "tools",
                "into": "inserted",
                "field": "content",
                "spelling": {
                    "function": True,
                    "before": "Use the function '{name}' to '{description}'\n",
                    "between": "\n\n",
                },
                "before": "\nYou have access to the following functions:\n\n",
                "after": _HOW,
                "place": "after",
            },
        ],
        "faults": {
            "start": "it writes quotes in definitions as HTML does",
        },
        "source": (
            "chat_template in tokenizer_config.json of meetkai/functionary-medium-v3.1, whose "
            "system message describes the tools"
        ),
    },
}
