"""Gemma."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import ALTERNATE, NO_THINKING, strip

__all__ = ["ROWS"]

_GEMMA: dict[str, Any] = {
    "prologue": "<bos>",
    "template": {
        "user": "<start_of_turn>user\n{content}<end_of_turn>\n",
        "assistant": "<start_of_turn>model\n{^}{content}<end_of_turn>\n",
    },
    "special_tokens": ["<bos>", "<start_of_turn>", "<end_of_turn>", "<eos>"],
    "stops": ["<end_of_turn>", "<eos>"],
}


def _source(model: str) -> str:
    return (
        f"chat_template in tokenizer_config.json of {model}, whose system message is text of the "
        "user's; stops: its generation_config.json"
    )


ROWS: dict[str, dict[str, Any]] = {
    "gemma-2": {
        **_GEMMA,
        "prepare": [{**ALTERNATE, "system": False}, NO_THINKING, strip("user", "assistant")],
        "source": _source("google/gemma-2-9b-it"),
    },
    "gemma-3": {
        **_GEMMA,
        "prepare": [
            ALTERNATE,
            NO_THINKING,
            strip("user", "assistant"),
            {"word": "fold", "into": "first"},
        ],
        "source": _source("google/gemma-3-4b-it"),
    },
}
