"""Command."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import ALTERNATE, NO_THINKING, strip, system

__all__ = ["ROWS"]

_TURN = "<|START_OF_TURN_TOKEN|>"
_END = "<|END_OF_TURN_TOKEN|>"
_TOKENS = [
    "<BOS_TOKEN>",
    _TURN,
    _END,
    "<|SYSTEM_TOKEN|>",
    "<|USER_TOKEN|>",
    "<|CHATBOT_TOKEN|>",
]
_ASKED = {
    "system": _TURN + "<|SYSTEM_TOKEN|>{content}" + _END,
    "user": _TURN + "<|USER_TOKEN|>{content}" + _END,
}
_ANSWER = _TURN + "<|CHATBOT_TOKEN|>"
_RESPONSE: dict[str, Any] = {
    "prologue": "<BOS_TOKEN>",
    "template": {
        **_ASKED,
        "assistant": _ANSWER + "<|START_RESPONSE|>{^}{content}<|END_RESPONSE|>" + _END,
    },
    "special_tokens": [*_TOKENS, "<|START_RESPONSE|>", "<|END_RESPONSE|>"],
}


def _source(model: str) -> str:
    return f"chat_template and added tokens in tokenizer_config.json of {model}, without tools"


ROWS: dict[str, dict[str, Any]] = {
    "command-r": {
        "prologue": "<BOS_TOKEN>",
        "template": {**_ASKED, "assistant": _ANSWER + "{^}{content}" + _END},
        "special_tokens": _TOKENS,
        "prepare": [ALTERNATE, NO_THINKING, strip("user", "assistant")],
        "source": _source("CohereForAI/c4ai-command-r-v01"),
    },
    "command-r7b": {**_RESPONSE, "source": _source("CohereForAI/c4ai-command-r7b-12-2024")},
    "command-a": {
        **_RESPONSE,
        "prepare": [ALTERNATE, NO_THINKING, strip("user", "assistant"), system("")],
        "source": _source("CohereForAI/c4ai-command-a-03-2025"),
    },
}
