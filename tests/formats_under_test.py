"""The formats of the table and two lines that are not in it, each with an encoding."""

from __future__ import annotations

import functools

from chatfmt import FORMAT_ROWS, ChatFormat, ChatTokenizer, get_format
from conftest import encoding_for

HARMONY = ChatFormat(
    name="harmony",
    template=(
        "<|start|>{role}[:{name}][ to={recipient}][<|channel|>{channel}]"
        "[ <|constrain|>{content_type}]<|message|>{content}{end}"
    ),
    special_tokens=[
        "<|start|>",
        "<|channel|>",
        "<|constrain|>",
        "<|message|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
    ],
    roles=["system", "developer", "user", "assistant", "tool"],
    ends={"<|end|>": "continue", "<|return|>": "stop", "<|call|>": "stop"},
    generation_start="role",
    source="openai/harmony, docs/format.md: the message layout",
)

THINK = ChatFormat(
    name="think",
    template="<|im_start|>{role}\n[<think>\n{reasoning}\n</think>\n\n]{content}<|im_end|>\n",
    special_tokens=["<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    roles=["system", "developer", "user", "assistant", "tool"],
)

FORMATS = (*FORMAT_ROWS, "harmony", "think")


@functools.cache
def tokenizer_for(name: str) -> ChatTokenizer:
    """The tokenizer that the tests use for a format; one object per format."""
    extra = {"harmony": HARMONY, "think": THINK}
    return ChatTokenizer(extra.get(name) or get_format(name), encoding_for(name))
