"""EXAONE, by LG AI Research."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, system

__all__ = ["ROWS"]

_TOKENS = ["[|system|]", "[|user|]", "[|assistant|]", "[|endofturn|]"]
_SYSTEM, _USER = "[|system|]{content}[|endofturn|]\n", "[|user|]{content}\n{next}"

ROWS: dict[str, dict[str, Any]] = {
    "exaone-3.5": {
        "template": {
            "system": _SYSTEM,
            "user": _USER,
            "assistant": "[|assistant|]{^}{content}[|endofturn|]\n",
        },
        "special_tokens": _TOKENS,
        "prepare": [NO_THINKING, system("")],
        "faults": {
            "dropped_calls": "it leaves out calls; [|tool|], before results, is no token",
        },
        "source": "the template for EXAONE 3.5 of Ollama, without tools",
    },
    "exaone-deep": {
        "template": {
            "system": _SYSTEM,
            "user": _USER,
            "assistant": (
                "[|assistant|][<thought>\n{^}{reasoning}\n</thought>\n\n]{content}[|endofturn|]\n"
            ),
        },
        "special_tokens": _TOKENS,
        "fences": ["^<thought>\n", "\n</thought>\n\n"],
        "prepare": [NO_THINKING, system("")],
        "faults": {
            "dropped_calls": "it leaves out calls; [|tool|], before results, is no token",
            "end": "it leaves out the newline after an answer that nothing follows",
        },
        "source": (
            "the template for EXAONE Deep of Ollama; not certain: that its tags are no tokens, and "
            "the empty line after reasoning"
        ),
    },
}
