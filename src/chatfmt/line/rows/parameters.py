"""Calls with a tag for each parameter: Qwen3-Coder's, and what is laid out like it."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, TOOLS_IN_SYSTEM, strip, system

__all__ = ["ROWS"]

_CHOOSE = (
    "\n</tools>\n\nIf you choose to call a function ONLY reply in the following format with NO "
    "suffix:\n\n<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\n"
    "value_1\n</parameter>\n<parameter=example_parameter_2>\nThis is the value for the second "
    "parameter\nthat can span\nmultiple lines\n</parameter>\n</function>\n</tool_call>\n\n"
    "<IMPORTANT>\nReminder:\n- Function calls MUST follow the specified format: an inner "
)
_FUNCTIONS = (
    "# Tools\n\nYou have access to the following functions:\n\n<tools>\n{tools}"
    f"{_CHOOSE}<function=...></function> block must be nested within <tool_call></tool_call> XML "
    "tags\n- Required parameters MUST be specified\n- You may provide optional reasoning for your "
    "function call in natural language BEFORE the function call, but NOT after\n- If there is no "
    "function call available, answer the question like normal with your current knowledge and do "
    "not tell the user about function calls\n</IMPORTANT>"
)
"""What the system message says about tools, word for word: models were trained with it."""

_IN_JSONSCHEMA = (
    "# Tools\n\nYou have access to the following functions in JSONSchema format:\n\n<tools>\n"
    f"{{tools}}{_CHOOSE}<function=...>\n...\n</function> block must be nested within <tool_call>\n"
    "...\n</tool_call> XML tags\n- Required parameters MUST be specified\n</IMPORTANT>"
)
"""The same of StepFun."""

_CALL = (
    "<tool_call>\n<function={call.name}>\n"
    "[<parameter={arg.key}>\n{arg.value:loose_python}\n</parameter>\n]*</function>\n</tool_call>"
)

_IM = ["<|im_start|>", "<|im_end|>"]
_BEGIN = "<｜begin▁of▁sentence｜>"  # noqa: RUF001 - so it is spelled
_SYSTEM = "<|im_start|>system\n{content}<|im_end|>\n"
_TOOLS = "<|im_start|>system\n[{content}\n\n]" + _FUNCTIONS + "<|im_end|>\n"
_USER = "<|im_start|>user\n{content}<|im_end|>\n"
_ASSISTANT = "<|im_start|>assistant\n"
_THINKS = "<think>\n{^}{reasoning}\n</think>\n"
_RESULT = "<tool_response>\n{content}\n</tool_response>"
_RESULTS = {"open": "<|im_start|>user\n", "each": _RESULT + "\n", "close": "<|im_end|>\n"}
_TOKENS = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
_THINK_TOKENS = ["<think>", "</think>"]
_STOPS = ["<|im_end|>", "<|endoftext|>"]
_AT_A_COMPUTER = (
    "You are Qwen, a helpful AI assistant that can interact with a computer to solve tasks."
)
_ACCESS = "# Tools\n\nYou have access"
_VALUE_ENDS = "\n</parameter>\n"
_LIKE_PYTHON = ", which writes booleans and null as Python does"

ROWS: dict[str, dict[str, Any]] = {
    "qwen-3-coder": {
        "template": {
            "system": [_SYSTEM, _TOOLS],
            "user": _USER,
            "assistant": [
                _ASSISTANT + "{^}{content}<|im_end|>\n",
                _ASSISTANT + "{^}[{content}\n\n][\n|" + _CALL + "]*<|im_end|>\n",
            ],
            "tool": _RESULTS,
        },
        "special_tokens": [*_IM, "<|endoftext|>", *_TOKENS],
        "stops": _STOPS,
        "fences": [f"^{_ACCESS}", f"\n\n{_ACCESS}", _VALUE_ENDS],
        "prepare": [
            NO_THINKING,
            system(default_with_tools=_AT_A_COMPUTER),
            {**TOOLS_IN_SYSTEM, "spelling": {"kind": "tags"}},
        ],
        "faults": {
            "start": "llama.cpp's copy has other words about tools than the owner's",
        },
        "source": f"chat_template.jinja of Qwen/Qwen3-Coder-30B-A3B-Instruct{_LIKE_PYTHON}",
    },
    "qwen-3.5": {
        "template": {
            "system": [
                _SYSTEM,
                "<|im_start|>system\n" + _FUNCTIONS + "[\n\n{content}]<|im_end|>\n",
            ],
            "user": _USER,
            "assistant": [
                f"{_ASSISTANT}[{_THINKS}\n]{{content}}<|im_end|>\n",
                f"{_ASSISTANT}[{_THINKS}\n][{{content}}\n\n][\n|{_CALL}]*<|im_end|>\n",
            ],
            "tool": {**_RESULTS, "each": _RESULT, "sep": "\n"},
        },
        "special_tokens": [*_IM, "<|endoftext|>", *_TOKENS, *_THINK_TOKENS],
        "stops": _STOPS,
        "fences": [f"^{_ACCESS}", _VALUE_ENDS],
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user", "empty": "kept"},
            strip("system", "user", "assistant", "tool"),
            strip("assistant", field="reasoning"),
            TOOLS_IN_SYSTEM,
        ],
        "source": f"chat_templates/qwen3_5_think.jinja of TRL 1.16{_LIKE_PYTHON}",
    },
    "nemotron-3": {
        "template": {
            "system": [_SYSTEM, _TOOLS],
            "user": _USER,
            "assistant": [
                f"{_ASSISTANT}{_THINKS}{{content}}<|im_end|>\n",
                f"{_ASSISTANT}<think></think>{{^}}{{content}}<|im_end|>\n",
                f"{_ASSISTANT}{_THINKS}[{{content}}\n][{_CALL}\n]*<|im_end|>\n",
                f"{_ASSISTANT}<think></think>{{^}}{{content}}\n[{_CALL}\n]*<|im_end|>\n",
            ],
            "tool": _RESULTS,
        },
        "special_tokens": [*_IM, *_TOKENS, *_THINK_TOKENS],
        "fences": [f"^{_ACCESS}", f"\n\n{_ACCESS}", _VALUE_ENDS],
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user", "blank": False, "leaves": "\n"},
            strip("assistant", side="end"),
            strip("assistant", side="start", calls=True, earlier=True),
            system(""),
            {**TOOLS_IN_SYSTEM, "spelling": {"kind": "tags"}},
        ],
        "faults": {"empty": "it leaves out the newline after reasoning that nothing follows"},
        "source": f"chat_templates/nemotron_3_nano.jinja of TRL 1.16{_LIKE_PYTHON}",
    },
    "stepfun-3.5": {
        "prologue": _BEGIN,
        "template": {
            "system": [
                _SYSTEM,
                "<|im_start|>system\n[{content}\n\n]" + _IN_JSONSCHEMA + "<|im_end|>\n",
            ],
            "user": _USER,
            "assistant": [
                f"{_ASSISTANT}[{_THINKS}]{{content}}<|im_end|>\n",
                f"{_ASSISTANT}[{_THINKS}]{{content}}[{_CALL}]*<|im_end|>\n",
            ],
            "tool": {
                "open": "<|im_start|>tool_response\n",
                "each": "<tool_response>{content}</tool_response>",
                "close": "<|im_end|>\n",
            },
        },
        "special_tokens": [_BEGIN, *_IM, *_THINK_TOKENS],
        "fences": [
            f"^{_ACCESS}",
            f"\n\n{_ACCESS}",
            "<tool_call>\n",
            "</tool_response>",
            _VALUE_ENDS,
        ],
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user", "empty": "kept"},
            TOOLS_IN_SYSTEM,
        ],
        "source": (
            "StepFun3.5-Flash.jinja and StepFun3.7-Flash.jinja of llama.cpp, which write booleans "
            "and null as Python does; the spelling of the first token is not confirmed"
        ),
    },
}
