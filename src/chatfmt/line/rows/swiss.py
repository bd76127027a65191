"""Apertus, of the Swiss AI initiative."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, system

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
        "faults": {
            "end": "it leaves out the end of an answer that nothing follows",
        },
        "prepare": [
            {"word": "order", "tools": False},
            NO_THINKING,
            system(
                "You are Apertus, a helpful assistant created by the SwissAI initiative.\n"
                "Knowledge cutoff: 2024-04\nCurrent date: {date:%Y-%m-%d}",
                values={"date": None},
            ),
            {
                "word": "insert",
                "role": "developer",
                "content": "Deliberation: disabled\nTool Capabilities: disabled",
                "after_system": True,
            },
        ],
        "source": (
            "chat_template.jinja of swiss-ai/Apertus-8B-Instruct-2509, without calls; that an "
            "answer ends in its token wherever it stands: as it does before a question"
        ),
    },
}
