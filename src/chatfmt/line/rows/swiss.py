"""Apertus, of the Swiss AI initiative."""

from __future__ import annotations

from typing import Any

__all__ = ["ROWS"]

_ROLES = ("system", "developer", "user")

ROWS: dict[str, dict[str, Any]] = {
    "apertus": {
        "prologue": "<s>",
        "template": {
            **{role: f"<|{role}_start|>{{content}}<|{role}_end|>" for role in _ROLES},
            "assistant": "<|assistant_start|>{^}{content}<|assistant_end|>",
        },
        "special_tokens": [
            "<s>",
            *(f"<|{role}_{edge}|>" for role in (*_ROLES, "assistant") for edge in ("start", "end")),
        ],
        "source": (
            "chat_template.jinja of swiss-ai/Apertus-8B-Instruct-2509, without calls; that an "
            "answer ends in its token wherever it stands: as it does before a question"
        ),
    },
}
