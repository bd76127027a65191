"""Phi."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, system

__all__ = ["ROWS"]

_PHI_3: dict[str, Any] = {
    "template": {
        "system": "<|system|>\n{content}<|end|>\n",
        "user": "<|user|>\n{content}<|end|>\n",
        "assistant": "<|assistant|>\n{^}{content}<|end|>\n",
    },
    "special_tokens": ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"],
    "stops": ["<|end|>", "<|endoftext|>"],
}

_GUIDELINES = (
    "You are Phi, a language model trained by Microsoft to help users. Your role as an "
    "assistant involves thoroughly exploring questions through a systematic thinking process "
    "before providing the final precise and accurate solutions. This requires engaging in a "
    "comprehensive cycle of analysis, summarizing, exploration, reassessment, reflection, "
    "backtracing, and iteration to develop well-considered thinking process. Please structure"
    " your response into two main sections: Thought and Solution using the specified format: "
    r"<think> \{Thought section\} </think> \{Solution section\}. In the Thought section, "
    "detail your reasoning process in steps. Each step should include detailed considerations"
    " such as analysing questions, summarizing relevant findings, brainstorming new ideas, "
    "verifying the accuracy of the current steps, refining any errors, and revisiting "
    "previous steps. In the Solution section, based on various attempts, explorations, and "
    "reflections from the Thought section, systematically present the final solution that you"
    " deem correct. The Solution section should be logical, accurate, and concise and detail "
    "necessary steps needed to reach the conclusion. Now, try to solve the following question"
    " through the above guidelines:"
)
"""What each system message of Phi-4-reasoning begins with, word for word, tokens and all."""


def _source(model: str) -> str:
    return (
        f"chat_template in tokenizer_config.json of {model}; stops: the ends that its "
        "generation_config.json names"
    )


ROWS: dict[str, dict[str, Any]] = {
    "phi-3": {
        **_PHI_3,
        "prepare": [NO_THINKING],
        "faults": {
            "dropped_calls": "it leaves out calls",
        },
        "source": _source("microsoft/Phi-3-mini-4k-instruct"),
    },
    "phi-3-medium": {
        **_PHI_3,
        "template": {role: _PHI_3["template"][role] for role in ("user", "assistant")},
        "special_tokens": _PHI_3["special_tokens"][1:],
        "prepare": [NO_THINKING, system(drop=True)],
        "faults": {
            "dropped_calls": "it leaves out calls, and the header of an answer after a result",
        },
        "source": _source("microsoft/Phi-3-medium-4k-instruct, which leaves out a system message"),
    },
    "phi-3.5": {
        **_PHI_3,
        "prepare": [NO_THINKING, system(empty="drop")],
        "faults": {
            "dropped_calls": "it leaves out calls",
        },
        "source": _source("microsoft/Phi-3.5-mini-instruct"),
    },
    "phi-4-mini": {
        "template": {
            "system": "<|system|>{content}[<|tool|>{tools}<|/tool|>]<|end|>",
            "user": "<|user|>{content}<|end|>",
            "assistant": "<|assistant|>{^}{content}<|end|>",
            "tool": "<|tool|>{content}<|end|>",
        },
        "special_tokens": [*_PHI_3["special_tokens"], "<|tool|>", "<|/tool|>"],
        "stops": _PHI_3["stops"],
        "prepare": [NO_THINKING],
        "faults": {
            "dropped_calls": "it leaves out calls",
        },
        "source": _source("microsoft/Phi-4-mini-instruct"),
    },
    "phi-4-reasoning": {
        "template": {
            "system": f"<|im_start|>system<|im_sep|>{_GUIDELINES}{{content}}<|im_end|>",
            "user": "<|im_start|>user<|im_sep|>{content}<|im_end|>",
            "assistant": "<|im_start|>assistant<|im_sep|>{^}[<think>{reasoning}</think>]{content}"
            "<|im_end|>",
        },
        "special_tokens": [
            "<|im_start|>",
            "<|im_sep|>",
            "<|im_end|>",
            "<|endoftext|>",
            "<think>",
            "</think>",
        ],
        "stops": ["<|im_end|>", "<|endoftext|>"],
        "prepare": [NO_THINKING, system(drop=True), system("")],
        "faults": {
            "dropped_calls": "it leaves out calls",
        },
        "source": (
            "chat_template in tokenizer_config.json of microsoft/Phi-4-reasoning, which writes its "
            "guidelines first; that two tokens are around the reasoning: its technical report"
        ),
    },
}
