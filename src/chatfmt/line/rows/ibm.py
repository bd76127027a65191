"""Granite."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, TOOLS_IN_SYSTEM, system

__all__ = ["ROWS"]

_PREAMBLE = (
    "You are a helpful assistant with access to the following tools. You may call one or more "
    "tools to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
    "{tools}\n</tools>\n\nFor each tool call, return a json object with function name and "
    "arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    r'\{"name": <function-name>, "arguments": <args-json-object>\}'
    "\n</tool_call>. If a tool does not exist in the provided list of tools, notify the user that "
    "you do not have the ability to fulfill the request."
)
"""What the system message of Granite 4 says about tools, word for word."""

_END = "<|end_of_text|>\n"
_TOKENS = ["<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"]


def _role(role: str, rest: str = "{content}") -> str:
    return f"<|start_of_role|>{role}<|end_of_role|>{rest}{_END}"


_GRANITE_3: dict[str, Any] = {
    "template": {
        "system": _role("system"),
        "available_tools": _role("available_tools"),
        "user": _role("user"),
        "assistant": [
            _role("assistant", "{^}{content}"),
            _role(
                "assistant",
                r"{^}{content}<|tool_call|>\[[, |{call:json name, arguments}]*\]",
            ),
        ],
        "tool": _role("tool"),
    },
    "special_tokens": [*_TOKENS, "<|tool_call|>"],
}
_GRANITE_4: dict[str, Any] = {
    "template": {
        "system": [
            _role("system"),
            _role("system", "[{content}\n\n]" + _PREAMBLE),
        ],
        "user": _role("user"),
        "assistant": [
            _role("assistant", "{^}{content}"),
            _role(
                "assistant",
                "{^}[{content}\n][\n|<tool_call>\n{call:json name, arguments}\n</tool_call>]*",
            ),
        ],
        "tool": {
            "open": "<|start_of_role|>user<|end_of_role|>",
            "each": "\n<tool_response>\n{content}\n</tool_response>",
            "close": _END,
        },
    },
    "special_tokens": [
        *_TOKENS,
        "<tool_call>",
        "</tool_call>",
        "<tool_response>",
        "</tool_response>",
    ],
    "fences": [
        "^You are a helpful assistant with access to the following tools.",
        "\n\nYou are a helpful assistant with access to the following tools.",
    ],
}

_CAREFUL = (
    "You are a helpful assistant. Please ensure responses are professional, accurate, and safe."
)
_DATED = (
    "Knowledge Cutoff Date: April 2024. Today's Date: {date:%B %d, %Y}. You are Granite, developed "
    "by IBM. You are a helpful "
)
_CALLING = (
    "assistant with access to the following tools. When a tool is required to answer the user's "
    "query, respond only with <|tool_call|> followed by a JSON list of tools used. If a tool does "
    "not exist in the provided list of tools, notify the user that you do not have the ability to "
    "fulfill the request."
)


def _available(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - any option of the word
    """The definitions, indented, in a message of their own."""
    role = {"word": "tools", "into": "message", "role": "available_tools", "field": "content"}
    return {**role, **options}


ROWS: dict[str, dict[str, Any]] = {
    "granite-3.0": {
        **_GRANITE_3,
        "prepare": [
            NO_THINKING,
            _available(spelling={"indent": 4, "between": "\n\n"}, before="\n"),
        ],
        "faults": {
            "dropped_calls": "it leaves out calls and their results",
        },
        "source": (
            "chat_template in tokenizer_config.json of ibm-granite/granite-3.0-2b-instruct, which "
            "has no calls and no results; these: as Granite 3.3 has them"
        ),
    },
    "granite-3": {
        **_GRANITE_3,
        "prepare": [
            NO_THINKING,
            system(
                _DATED + "AI assistant.",
                default_with_tools=_DATED + _CALLING,
                values={"date": None},
            ),
            _available(spelling={"whole": True, "indent": 4}, after_system=True),
        ],
        "faults": {
            "dropped_calls": "it leaves out calls",
            "own_tokens": "its words about tools spell <|tool_call|>",
        },
        "source": (
            "chat_template in tokenizer_config.json of ibm-granite/granite-3.3-2b-instruct; calls: "
            "as its system message asks for them"
        ),
    },
    "granite-4": {
        **_GRANITE_4,
        "prepare": [
            NO_THINKING,
            system(_CAREFUL, default_with_tools="", empty="default"),
            TOOLS_IN_SYSTEM,
        ],
        "source": "chat_template.jinja and tokenizer_config.json of ibm-granite/granite-4.0-micro",
    },
    "granite-4.1": {
        **_GRANITE_4,
        "prepare": [NO_THINKING, system(empty="drop"), TOOLS_IN_SYSTEM],
        "source": (
            "ibm-granite-granite-4.1.jinja of llama.cpp, which is laid out as Granite 4.0 and has "
            "no system message of its own"
        ),
    },
}
