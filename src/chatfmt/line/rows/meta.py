"""Llama 3.1 and later, and what is laid out like it."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, strip, system

__all__ = ["LLAMA_3", "ROWS"]

_ROLES = {"system": "system", "user": "user", "assistant": "assistant", "tool": "ipython"}
"""A result is a message of the environment, which these models call after what it runs."""


def _row(start: str, end: str, turn: str, more: list[str]) -> dict[str, Any]:
    begin = "<|begin_of_text|>"
    header = f"{start}{{role}}{end}\n\n"
    return {
        "prologue": begin,
        "template": {
            role: f"{header}{'{^}' * (role == 'assistant')}{{content}}{turn}" for role in _ROLES
        },
        "special_tokens": [begin, start, end, turn, *more],
        "roles": _ROLES,
        "stops": [turn, *more],
    }


LLAMA_3 = _row(
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    ["<|eom_id|>", "<|end_of_text|>"],
)
_CALLS = r'[; |\{"name": "{call.name}", "parameters": {call.arguments:object}\}]*'
_CALLS_AFTER_TAG = "[; |{call:json name, parameters}]*"
_ALSO_READ = [
    r'[; |\{"name":"{call.name}","parameters":{call.arguments:object}\}]*',
    r'[; |\{"parameters": {call.arguments:object}, "name": "{call.name}"\}]*',
    r'[; |\{"parameters":{call.arguments:object},"name":"{call.name}"\}]*',
    r'[; |\{"type": "function", "name": "{call.name}", "parameters": {call.arguments:object}\}]*',
    r'[; |\{"type":"function","name":"{call.name}","parameters":{call.arguments:object}\}]*',
]
"""Other spellings of calls that stand as text, which the models write, too."""
_HEADER = "<|start_header_id|>{role}<|end_header_id|>\n\n{^}"
_CALLING: dict[str, Any] = {
    **LLAMA_3,
    "template": {
        **LLAMA_3["template"],
        "assistant": [
            LLAMA_3["template"]["assistant"],
            f"{_HEADER}{_CALLS}<|eot_id|>",
            f"{_HEADER}{{content}}<|python_tag|>{_CALLS_AFTER_TAG}<|eom_id|>",
            f"{_HEADER}{{content}}<|python_tag|>{_CALLS_AFTER_TAG}<|eot_id|>",
            *(f"{_HEADER}{calls}<|eot_id|>" for calls in _ALSO_READ),
            *(f"{_HEADER}{calls}<|eom_id|>" for calls in (_CALLS, *_ALSO_READ)),
        ],
    },
    "special_tokens": [*LLAMA_3["special_tokens"], "<|python_tag|>"],
    "fences": [
        *('^{"name": "', '^{"name":"', '^{"parameters":'),
        *('^{"type": "function", "name": "', '^{"type":"function","name":"'),
    ],
}
_DEFINITIONS = (
    "Given the following functions, please respond with a JSON for a function call with its proper "
    'arguments that best answers the given prompt.\n\nRespond in the format {"name": function '
    'name, "parameters": dictionary of argument name and its value}.Do not use variables.\n\n'
)


_QUOTED = {"word": "rename", "role": "tool", "to": "tool", "quoted": True}
_TOOLS_IN_USER = {
    "word": "tools",
    "into": "first_user",
    "field": "content",
    "spelling": {"indent": 4, "between": "\n\n"},
    "before": _DEFINITIONS,
    "after": "\n\n",
}
_AT_HOME = "Environment: ipython\n"


def _prepare(dates: str, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any option
    """``dates`` stands at the start of each system message, also where none was given."""
    with_tools = _AT_HOME + dates
    return [
        {"word": "order", "calls": 1},
        NO_THINKING,
        strip("system", "user", "assistant"),
        _QUOTED,
        _TOOLS_IN_USER,
        system(
            dates,
            before=dates,
            default_with_tools=with_tools,
            before_with_tools=with_tools,
            **options,
        ),
    ]


_DATES = "Cutting Knowledge Date: December 2023\nToday Date: {date:%d %b %Y}\n\n"
_HEADER_4 = "<|header_start|>{role}<|header_end|>\n\n{^}"
_CALLS_4 = r'[|\{"name": "{call.name}", "parameters": {call.arguments:object}\}]*'
_LLAMA_4 = _row("<|header_start|>", "<|header_end|>", "<|eot|>", ["<|eom|>", "<|end_of_text|>"])


ROWS: dict[str, dict[str, Any]] = {
    "llama-3.1": {
        **_CALLING,
        "prepare": _prepare(_DATES, values={"date": "26 Jul 2024"}),
        "faults": {"dropped_text": "it leaves out the text of a message that has calls"},
        "source": (
            "Meta's llama-models repository, models/llama3_1/prompt_format.md, with the calls of "
            "tools that users define; several calls: as its models part them; stops: "
            "generation_config.json of meta-llama/Llama-3.1-8B-Instruct"
        ),
    },
    "llama-3.2": {
        **_CALLING,
        "prepare": _prepare(_DATES, values={"date": None}),
        "faults": {"dropped_text": "it leaves out the text of a message that has calls"},
        "source": (
            "Meta's llama-models repository, models/llama3_2/text_prompt_format.md; calls: "
            "chat_templates/llama3_2.jinja of TRL 1.16; stops: generation_config.json of "
            "meta-llama/Llama-3.2-3B-Instruct"
        ),
    },
    "llama-3.1-nemotron": {
        **_CALLING,
        "prepare": _prepare(""),
        "source": (
            "chat_template in tokenizer_config.json of nvidia/Llama-3.1-Nemotron-70B-Instruct-HF, "
            "which is Llama 3.1's without dates"
        ),
    },
    "llama-4": {
        **_LLAMA_4,
        "template": {
            **_LLAMA_4["template"],
            "assistant": [
                _LLAMA_4["template"]["assistant"],
                f"{_HEADER_4}<|python_start|>{{content}}<|python_end|>{_CALLS_4}<|eot|>",
            ],
        },
        "special_tokens": [*_LLAMA_4["special_tokens"], "<|python_start|>", "<|python_end|>"],
        "prepare": [
            NO_THINKING,
            strip("system"),
            _QUOTED,
            _TOOLS_IN_USER,
            system(before_with_tools=_AT_HOME),
        ],
        "source": (
            "Meta's llama-models repository, models/llama4/prompt_format.md; calls: chat_template "
            "in tokenizer_config.json of meta-llama/Llama-4-Scout-17B-16E-Instruct"
        ),
    },
}
