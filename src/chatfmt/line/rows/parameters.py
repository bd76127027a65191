"""Calls with a tag for each parameter: Qwen3-Coder's, and what is laid out like it."""

from __future__ import annotations

from typing import Any

__all__ = ["CALL", "FUNCTIONS", "ROWS"]

FUNCTIONS = (
    "# Tools\n\nYou have access to the following functions:\n\n<tools>\n{tools}\n</tools>\n\n"
    "If you choose to call a function ONLY reply in the following format with NO suffix:\n\n"
    "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n"
    "</parameter>\n<parameter=example_parameter_2>\nThis is the value for the second parameter\n"
    "that can span\nmultiple lines\n</parameter>\n</function>\n</tool_call>\n\n<IMPORTANT>\n"
    "Reminder:\n- Function calls MUST follow the specified format: an inner <function=...>"
    "</function> block must be nested within <tool_call></tool_call> XML tags\n- Required "
    "parameters MUST be specified\n- You may provide optional reasoning for your function call in "
    "natural language BEFORE the function call, but NOT after\n- If there is no function call "
    "available, answer the question like normal with your current knowledge and do not tell the "
    "user about function calls\n</IMPORTANT>"
)
"""What the system message says about tools, word for word: models were trained with it."""

CALL = (
    "<tool_call>\n<function={call.name}>\n"
    "[<parameter={arg.key}>\n{arg.value:loose_python}\n</parameter>\n]*</function>\n</tool_call>"
)

_IM = ["<|im_start|>", "<|im_end|>"]
_SYSTEM = "<|im_start|>system\n{content}<|im_end|>\n"
_USER = "<|im_start|>user\n{content}<|im_end|>\n"
_ASSISTANT = "<|im_start|>assistant\n"
_TOKENS = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
_STOPS = ["<|im_end|>", "<|endoftext|>"]

ROWS: dict[str, dict[str, Any]] = {
    "qwen-3-coder": {
        "template": {
            "system": [
                _SYSTEM,
                "<|im_start|>system\n[{content}\n\n]" + FUNCTIONS + "<|im_end|>\n",
            ],
            "user": _USER,
            "assistant": [
                _ASSISTANT + "{^}{content}<|im_end|>\n",
                _ASSISTANT + "{^}[{content}\n\n][\n|" + CALL + "]*<|im_end|>\n",
            ],
            "tool": {
                "open": "<|im_start|>user\n",
                "each": "<tool_response>\n{content}\n</tool_response>\n",
                "close": "<|im_end|>\n",
            },
        },
        "special_tokens": [*_IM, "<|endoftext|>", *_TOKENS],
        "stops": _STOPS,
        "fences": [
            "^# Tools\n\nYou have access",
            "\n\n# Tools\n\nYou have access",
            "\n</parameter>\n",
        ],
        "source": (
            "chat_template.jinja of Qwen/Qwen3-Coder-30B-A3B-Instruct, which writes booleans and "
            "null as Python does"
        ),
    },
}
