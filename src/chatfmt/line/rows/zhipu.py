"""GLM, by Zhipu AI (Z.ai)."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, strip, system

__all__ = ["ROWS"]

_BEGIN = ["[gMASK]", "<sop>"]
_TURNS = ["<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]
_STOPS = ["<|endoftext|>", "<|user|>", "<|observation|>"]
_TAGS = [
    f"<{closing}{name}>"
    for name in ("think", "tool_call", "arg_key", "arg_value", "tool_response")
    for closing in ("", "/")
]
_TOOLS = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
    "{tools}\n</tools>\n\nFor each function call, output the function name and arguments within "
    "the following XML format:\n"
)
"""What the system message says about tools, word for word: models were trained with it."""


def _example(break_: str) -> str:
    """The example that follows it, with each tag on a line of its own or not."""
    pairs = "".join(
        rf"<arg_key>\{{arg-key-{n}\}}</arg_key>{break_}"
        rf"<arg_value>\{{arg-value-{n}\}}</arg_value>{break_}"
        for n in (1, 2)
    )
    return rf"<tool_call>\{{function-name\}}{break_}{pairs}...{break_}</tool_call>"


def _row(break_: str, reasoning: str, content: str) -> dict[str, Any]:
    """Tags stand on lines of their own, or not."""
    calls = (
        f"[{break_}|<tool_call>{{call.name}}{break_}[<arg_key>{{arg.key}}</arg_key>{break_}"
        f"<arg_value>{{arg.value:loose}}</arg_value>{break_}]*</tool_call>]*"
    )
    assistant = f"<|assistant|>{reasoning}{content}"
    return {
        "prologue": "[gMASK]<sop>",
        "template": {
            "system": [
                f"<|system|>{break_}{{content}}{{next}}",
                f"<|system|>\n{_TOOLS}{_example(break_)}{{next}}",
            ],
            "user": f"<|user|>{break_}{{content}}{{next}}",
            "assistant": [
                {"line": f"{assistant}{{next}}", "training_end": "<|user|>"},
                {
                    "line": f"{assistant}{break_}{calls}{{next}}",
                    "training_end": "<|observation|>",
                },
            ],
            "tool": {
                "open": "<|observation|>",
                "each": f"{break_}<tool_response>{break_}{{content}}{break_}</tool_response>",
                "close": "{next}",
            },
        },
        "special_tokens": [*_BEGIN, "<|endoftext|>", *_TURNS, *_TAGS],
        "stops": _STOPS,
        "fences": [f"^{_TOOLS[:22]}" if break_ else f"^\n{_TOOLS[:22]}"],
    }


_4_PLAIN = "<|assistant|>{^}\n{content}{next}"

_TEXTS = [
    strip("assistant"),
    strip("assistant", field="reasoning"),
    {"word": "tools", "into": "message"},
]

ROWS: dict[str, dict[str, Any]] = {
    "glm-4": {
        "prologue": "[gMASK]<sop>",
        "template": {
            "system": "<|system|>\n{content}{next}",
            "user": "<|user|>\n{content}{next}",
            "assistant": {"line": _4_PLAIN, "training_end": "<|user|>"},
            "tool": "<|observation|>\n{content}{next}",
        },
        "special_tokens": [*_BEGIN, "<|endoftext|>", *_TURNS],
        "stops": _STOPS,
        "prepare": [NO_THINKING, system(empty="drop")],
        "faults": {
            "dropped_calls": "it leaves out calls; <|tool|>, before results, is no token",
            "empty": "it leaves out a message without text",
        },
        "source": "chat_template in tokenizer_config.json of THUDM/glm-4-9b-chat, without calls",
    },
    "glm-4.5": {
        **_row("\n", "{^}[\n<think>{reasoning}</think>]", "[\n{content}]"),
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user", "empty": "all", "dropped": ""},
            *_TEXTS,
        ],
        "faults": {
            "split_text": "it takes an answer apart at </think>",
        },
        "source": (
            "chat_template.jinja of zai-org/GLM-4.5; stops: eos_token_id in its "
            "generation_config.json"
        ),
    },
    "glm-4.7": {
        **_row("", "[<think>{^}{reasoning}]</think>", "{content}"),
        "prepare": [{"word": "reasoning", "keep": "after_last_user"}, *_TEXTS],
        "faults": {
            "split_text": "it takes an answer apart at </think>",
        },
        "source": (
            "chat_template.jinja of zai-org/GLM-4.7-Flash; stops: eos_token_id in its "
            "generation_config.json"
        ),
    },
}
