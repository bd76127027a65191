"""ByteDance's Seed."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import strip, system

__all__ = ["ROWS"]

_EXAMPLE = (
    "\n工具调用请遵循如下格式:\n<seed:tool_call>\n<function=example_function_name>\n"
    "<parameter=example_parameter_1>value_1</parameter>\n<parameter=example_parameter_2>This is "
    "the value for the second parameter\nthat can span\nmultiple lines</parameter>\n</function>\n"
    "</seed:tool_call>\n"
)
"""What follows the definitions, word for word: how calls are to be written."""

_DOUBAO = (
    "You are Doubao, a helpful AI assistant. You may call one or more functions to assist with the "
    "user query."
)

_CALL = (
    "<seed:tool_call>\n<function={call.name}>\n"
    "[<parameter={arg.key}>{arg.value:loose_python}</parameter>\n]*</function>\n</seed:tool_call>"
)
_ASSISTANT = "<seed:bos>assistant\n{^}[<seed:think>{reasoning}</seed:think>\n]"

ROWS: dict[str, dict[str, Any]] = {
    "seed-oss": {
        "template": {
            "system": [
                "<seed:bos>system\n{content}<seed:eos>",
                "<seed:bos>system\n{content}\n\nFunction:\n{tools}" + _EXAMPLE + "<seed:eos>",
            ],
            "user": "<seed:bos>user\n{content}<seed:eos>",
            "assistant": [
                _ASSISTANT + "{content}<seed:eos>",
                _ASSISTANT + "[{content}\n\n][\n|" + _CALL + "]*<seed:eos>",
            ],
            "tool": "<seed:bos>tool\n{content}<seed:eos>",
        },
        "special_tokens": [
            "<seed:bos>",
            "<seed:eos>",
            "<seed:think>",
            "</seed:think>",
            "<seed:tool_call>",
            "</seed:tool_call>",
        ],
        "fences": ["\n\nFunction:\n", "</parameter>\n"],
        "prepare": [
            {"word": "reasoning", "keep": "all", "blank": False},
            strip("assistant"),
            strip("assistant", field="reasoning"),
            system(default_with_tools=_DOUBAO),
            {
                "word": "tools",
                "into": "system",
                "spelling": {"kind": "signature", "between": "\n\nFunction:\n"},
            },
        ],
        "faults": {
            "empty": "it leaves out the end of an answer without text",
        },
        "source": (
            "ByteDance-Seed-OSS.jinja of llama.cpp, which writes booleans and null as Python does; "
            "lists and objects are JSON here"
        ),
    },
}
