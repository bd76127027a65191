"""Apriel, by ServiceNow."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import TOOLS_IN_SYSTEM, system

__all__ = ["ROWS"]

_ANSWER = (
    "<|begin_assistant|>\n[Here are my reasoning steps:\n{^}{reasoning}\n[BEGIN FINAL RESPONSE]\n]"
    "{content}\n"
)
_CALLS = r"<tool_calls>\[[, |{call:json name, arguments, id}]*\]</tool_calls>" + "\n"
_SYSTEM = (
    "<|begin_system|>\nYou are a thoughtful, systematic AI assistant from ServiceNow Language "
    "Models (SLAM) lab.\n    Analyze each question carefully, present your reasoning step-by-step, "
    "then provide the final\n    response after the marker [BEGIN FINAL RESPONSE].\n[{content}\n]"
)
"""The line always says this, and the marker in it is a token."""
_TOOLS = (
    "You are provided with function signatures within <available_tools></available_tools> XML "
    "tags.\n        You may call one or more functions to assist with the user query.\n        "
    "Don't make assumptions about the arguments. You should infer the argument values from "
    "previous\n        user responses and the system message.\n        Here are the available "
    "tools: \n        <available_tools>\n{tools}        \n        </available_tools>.\n\n        "
    "Return all function calls as a list of JSON objects within <tool_calls></tool_calls> XML "
    "tags.\n        Each JSON object should contain a function name and arguments as follows:\n"
    r"        <tool_calls>\[" + "\n            "
    r'\{"name": <function-name-1>, "arguments": <args-dict-1>\},' + "\n            "
    r'\{"name": <function-name-2>, "arguments": <args-dict-2>\},' + "\n            ...\n"
    r"        \]</tool_calls>" + "\n"
)
"""What the system message says about tools, word for word: models were trained with it."""

ROWS: dict[str, dict[str, Any]] = {
    "apriel-1.6": {
        "prologue": "<s>",
        "template": {
            "system": [_SYSTEM + "{next}", _SYSTEM + _TOOLS + "{next}"],
            "user": "<|begin_user|>\n{content}\n{next}",
            "assistant": [_ANSWER + "<|end|>\n", _ANSWER + _CALLS + "<|end|>\n"],
        },
        "special_tokens": [
            *("<s>", "<|begin_system|>", "<|begin_user|>", "<|begin_assistant|>"),
            *("<|end|>", "[BEGIN FINAL RESPONSE]", "<tool_calls>", "</tool_calls>"),
        ],
        "fences": [
            "^You are provided with function",
            "\nYou are provided with function",
            "^Here are my reasoning steps:\n",
        ],
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user"},
            system("", empty="keep"),
            TOOLS_IN_SYSTEM,
        ],
        "faults": {
            "start": "it leaves an empty line for a system message without text",
            "end": "it leaves out the end of an answer that nothing follows",
        },
        "source": (
            "Apriel-1.6-15b-Thinker-fixed.jinja of llama.cpp, without results; not confirmed: the "
            "spelling of the first token, and that the marker and the tags of calls are tokens"
        ),
    },
}
