"""The formats that the tests run over, each with an encoding."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from chatfmt import ChatFormat, ChatTokenizer, extend_encoding, get_format
from chatfmt.encodings import get_encoding
from conftest import encoding_for
from reference import FORMATS

if TYPE_CHECKING:
    import tiktoken

__all__ = ["FORMATS", "HARMONY", "LINES", "THINK", "tokenizer_for"]

HARMONY = ChatFormat(
    name="harmony",
    template=(
        "<|start|>{role}{^}[:{name}][ to={recipient}][<|channel|>{channel}]"
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
    speakers=["system", "developer", "user", "assistant", "tool"],
    source="openai/harmony, docs/format.md: the message layout",
)

THINK = ChatFormat(
    name="think",
    template="<|im_start|>{role}\n{^}[<think>\n{reasoning}\n</think>\n\n]{content}<|im_end|>\n",
    special_tokens=["<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    roles=["system", "developer", "user", "assistant", "tool"],
    speakers=["system", "developer", "user", "assistant", "tool"],
)


_TWO = {"user": "user", "assistant": "assistant"}
LINES: dict[str, dict[str, Any]] = {
    "gap": {"template": {"user": "<s>x {content}<e>", "assistant": "<s>y<m>{content}<z>"}},
    "apart": {"template": {"user": "<s>x<m>{content}<e>", "assistant": "<s>y<m>{content}<z>"}},
    "alone": {"template": {"assistant": "{content}<e>"}},
    "first": {"template": {"user": "{content}<e>", "assistant": "<s>{content}<e>"}},
    "labels": {"template": "{role}: {content}<e>", "roles": _TWO},
    "joined": {
        "template": "<s>{role}{^}Element[ to={recipient}]<m>{content}<e>",
        "roles": {"user": "user", "assistant": "get"},
        "speakers": [*_TWO],
    },
    "thinks": {"template": "<s>{role}<m>[think {reasoning}<z>]say {content}<e>", "roles": _TWO},
    "closed": {"template": "<s>{role}[ {name}]<m>{content} ok<e>\n", "roles": _TWO},
    "framed": {
        "template": "<s>{role}{^}<m>{content}<z><e>",
        "roles": _TWO,
        "speakers": [*_TWO],
    },
    "to": {"template": "<s>{recipient}<m>{role}<z>{content}<e>", "roles": _TWO},
    "more": {
        "template": "<s>{role}<m>[<z>{reasoning}<z>]{content}{end}",
        "roles": _TWO,
        "ends": {"<e>": "continue", "<f>": "stop"},
    },
    "several": {
        "template": "<s>{role}{^}[ to={recipient}]<m>{content}{end}",
        "roles": _TWO,
        "ends": {"<e>": "continue", "<z>": "stop"},
        "speakers": [*_TWO],
    },
}
"""Format lines that have what no format of the table has."""

_TOKENS = ["<s>", "<m>", "<e>", "<z>", "<f>"]


@functools.cache
def _encoding_of_lines() -> tiktoken.Encoding:
    return extend_encoding(get_encoding("cl100k_im"), "lines", _TOKENS)


@functools.cache
def tokenizer_for(name: str) -> ChatTokenizer:
    """The tokenizer that the tests use for a format, or a line; one object for each."""
    if name in LINES:
        row = LINES[name]
        written = f"{row['template']} {row.get('ends')}"
        used = [token for token in _TOKENS if token in written]
        return ChatTokenizer(
            ChatFormat(name=name, special_tokens=used, **row), _encoding_of_lines()
        )
    extra = {"harmony": HARMONY, "think": THINK}
    return ChatTokenizer(extra.get(name) or get_format(name), encoding_for(name))
