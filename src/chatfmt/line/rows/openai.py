"""OpenAI's layouts."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import system

__all__ = ["ROWS"]

_TYPE = "[ <|constrain|>{content_type}]"
_CALL = "<|message|>{content}<|call|>"
_ASSISTANT = "<|start|>assistant{^}"

_SYSTEM = (
    "{model_identity}\nKnowledge cutoff: {knowledge_cutoff}\nCurrent date: {date:%Y-%m-%d}\n\n"
    "Reasoning: {reasoning_effort}\n\n# Valid channels: analysis, commentary, final. Channel must "
    "be included for every message."
)
_VALUES = {
    "model_identity": "You are ChatGPT, a large language model trained by OpenAI.",
    "knowledge_cutoff": "2024-06",
    "date": None,
    "reasoning_effort": "medium",
}
_INSTRUCTIONS = "# Instructions\n\n"
# The guide drops all thinking before the last answer. openai-harmony drops what is before the first
# answer, and nothing where a tool was called last; servers that use it drop the rest themselves.
_PREPARE: list[dict[str, Any]] = [
    {"word": "order", "first": ["system", "developer"]},
    {"word": "reasoning", "keep": "after_last_answer"},
    {"word": "rename", "role": "system", "to": "developer"},
    system(role="developer", before=_INSTRUCTIONS, empty="drop"),
    {
        "word": "tools",
        "into": "system",
        "role": "developer",
        "field": "content",
        "spelling": {"kind": "typescript", "after": "\n\n", "between": ""},
        "before": "# Tools\n\n## functions\n\nnamespace functions {\n\n",
        "after": "} // namespace functions",
        "place": "after",
        "between": "\n\n",
    },
    system(
        _SYSTEM,
        default_with_tools=_SYSTEM
        + "\nCalls to these tools must go to the commentary channel: 'functions'.",
        values=_VALUES,
    ),
    {"word": "split"},
]

ROWS: dict[str, dict[str, Any]] = {
    "gpt-oss": {
        "template": {
            "system": "<|start|>system<|message|>{content}<|end|>",
            "developer": "<|start|>developer<|message|>{content}<|end|>",
            "user": "<|start|>user<|message|>{content}<|end|>",
            "assistant": [
                f"{_ASSISTANT} to={{recipient}}<|channel|>{{channel}}{_TYPE}{_CALL}",
                f"{_ASSISTANT}<|channel|>{{channel}} to={{recipient}}{_TYPE}{_CALL}",
                f"{_ASSISTANT} to={{recipient}}<|channel|>{{channel}} {{content_type}}{_CALL}",
                f"{_ASSISTANT}<|channel|>{{channel}} to={{recipient}} {{content_type}}{_CALL}",
                {
                    "line": f"{_ASSISTANT}<|channel|>{{channel=final}}{_TYPE}"
                    "<|message|>{content}<|end|>",
                    "training_end": "<|return|>",
                },
                f"{_ASSISTANT}<|channel|>{{channel}}{_TYPE}<|message|>{{content}}<|end|>",
            ],
            "tool": "<|start|>{name} to={recipient}<|channel|>{channel}<|message|>{content}<|end|>",
        },
        "special_tokens": [
            "<|start|>",
            "<|channel|>",
            "<|constrain|>",
            "<|message|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
        ],
        "stops": ["<|return|>", "<|call|>"],
        "encoding": "o200k_harmony",
        "prepare": _PREPARE,
        "faults": {
            "start": "it writes newlines after instructions, unlike openai-harmony",
            "calls": "it leaves out <|constrain|> and quotes results, unlike openai-harmony",
            "dropped_text": "it leaves out text beside calls, and all calls but the first",
        },
        "source": "OpenAI's harmony guide, and openai-harmony 0.0.8, render of a conversation",
    },
}
