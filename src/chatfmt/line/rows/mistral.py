"""Mistral's layouts, one for each version of its tokenizer.

Up to version 7 there are two of each: with a tekken vocabulary, and with one of SentencePiece,
whose encoder puts a space before every piece of text.
"""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING

__all__ = ["ROWS"]

_PLAIN = ["<s>", "</s>", "[INST]", "[/INST]"]
_TOOLS = ["[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]"]
_RESULTS = ["[TOOL_RESULTS]", "[/TOOL_RESULTS]"]
_SYSTEM = ["[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"]
_THINK = ["[THINK]", "[/THINK]"]
_SETTINGS = ["[MODEL_SETTINGS]", "[/MODEL_SETTINGS]"]

_USER = "[[AVAILABLE_TOOLS]{tools}[/AVAILABLE_TOOLS]][INST]{content}[/INST]"
_USER_SPM = "[[AVAILABLE_TOOLS] {tools}[/AVAILABLE_TOOLS]][INST] {content}[/INST]"
_CALLS = r"\[[, |{call:json name, arguments, id}]*\]</s>"
_RESULT = r'\{"content": {content:json}, "call_id": "{call_id}"\}[/TOOL_RESULTS]'
_REASONING = "[[THINK]{reasoning}[/THINK]]"
_BY_NAME = "[TOOL_CALLS][[TOOL_CALLS]|{call.name}[ARGS]{call.arguments}]*</s>"
_BY_ID = "[TOOL_CALLS][[TOOL_CALLS]|{call.name}[CALL_ID]{call.id}[ARGS]{call.arguments}]*</s>"
_FROM = "mistral-common 1.13.1, tokens/tokenizers/instruct.py"

_NO_EMPTY_ANSWERS = {"word": "order", "empty_answers": False}
_GIVEN = {"word": "tools", "into": "last_user", "spelling": {"whole": True}}
_FOLDING = [
    {**_NO_EMPTY_ANSWERS, "text_with_calls": False},
    NO_THINKING,
    {"word": "fold", "into": "last", "drop_empty": True},
    _GIVEN,
]
_ANSWERING = [_NO_EMPTY_ANSWERS, NO_THINKING, _GIVEN]

ROWS: dict[str, dict[str, Any]] = {
    "mistral-v3": {
        "prologue": "<s>",
        "template": {
            "user": _USER,
            "assistant": ["{^}{content}</s>", "{^}[TOOL_CALLS]" + _CALLS],
            "tool": "[TOOL_RESULTS]" + _RESULT,
        },
        "special_tokens": [*_PLAIN, *_TOOLS, *_RESULTS],
        "prepare": _FOLDING,
        "source": f"{_FROM}, InstructTokenizerV3",
    },
    "mistral-v3-spm": {
        "prologue": "<s>",
        "template": {
            "user": _USER_SPM,
            "assistant": ["{^} {content}</s>", "{^}[TOOL_CALLS] " + _CALLS],
            "tool": "[TOOL_RESULTS] " + _RESULT,
        },
        "special_tokens": [*_PLAIN, *_TOOLS, *_RESULTS],
        "prepare": _FOLDING,
        "source": f"{_FROM}, InstructTokenizerV3 over a SentencePieceTokenizer",
    },
    "mistral-v7": {
        "prologue": "<s>",
        "template": {
            "system": "[SYSTEM_PROMPT]{content}[/SYSTEM_PROMPT]",
            "user": _USER,
            "assistant": ["{^}{content}</s>", "{^}{content}[TOOL_CALLS]" + _CALLS],
            "tool": "[TOOL_RESULTS]{call_id}[TOOL_CONTENT]{content}[/TOOL_RESULTS]",
        },
        "special_tokens": [*_PLAIN, *_SYSTEM, *_TOOLS, *_RESULTS, "[TOOL_CONTENT]"],
        "prepare": _ANSWERING,
        "source": f"{_FROM}, InstructTokenizerV7",
    },
    "mistral-v7-spm": {
        "prologue": "<s>",
        "template": {
            "system": "[SYSTEM_PROMPT] {content}[/SYSTEM_PROMPT]",
            "user": _USER_SPM,
            "assistant": ["{^} {content}</s>", "{^}[ {content}][TOOL_CALLS] " + _CALLS],
            "tool": "[TOOL_RESULTS] {call_id}[TOOL_CONTENT] {content}[/TOOL_RESULTS]",
        },
        "special_tokens": [*_PLAIN, *_SYSTEM, *_TOOLS, *_RESULTS, "[TOOL_CONTENT]"],
        "prepare": _ANSWERING,
        "source": f"{_FROM}, InstructTokenizerV7 over a SentencePieceTokenizer",
    },
    "mistral-v11": {
        "prologue": "<s>",
        "template": {
            "system": "[SYSTEM_PROMPT]{content}[/SYSTEM_PROMPT]",
            "user": _USER,
            "assistant": [
                "{^}{content}</s>",
                "{^}{content}" + _BY_ID,
            ],
            "tool": "[TOOL_RESULTS]{call_id}[TOOL_CONTENT]{content}[/TOOL_RESULTS]",
        },
        "special_tokens": [
            *(*_PLAIN, *_SYSTEM, *_TOOLS, *_RESULTS, "[TOOL_CONTENT]", "[CALL_ID]", "[ARGS]"),
        ],
        "prepare": _ANSWERING,
        "source": f"{_FROM}, InstructTokenizerV11",
    },
    "mistral-v13": {
        "prologue": "<s>",
        "template": {
            "system": "[SYSTEM_PROMPT]{content}[/SYSTEM_PROMPT]",
            "user": _USER,
            "assistant": [
                "{^}" + _REASONING + "{content}</s>",
                "{^}" + _REASONING + "{content}" + _BY_NAME,
            ],
            "tool": "[TOOL_RESULTS]{content}[/TOOL_RESULTS]",
        },
        "special_tokens": [*_PLAIN, *_SYSTEM, *_TOOLS, *_RESULTS, "[ARGS]", *_THINK],
        "prepare": [_NO_EMPTY_ANSWERS, {**_GIVEN, "into": "first_user"}],
        "source": f"{_FROM}, InstructTokenizerV13",
    },
    "mistral-v15": {
        "prologue": "<s>",
        "template": {
            "system": "[SYSTEM_PROMPT]{content}[/SYSTEM_PROMPT]",
            "settings": "[[AVAILABLE_TOOLS]{tools}[/AVAILABLE_TOOLS]]"
            "[MODEL_SETTINGS]{content}[/MODEL_SETTINGS]",
            "user": "[INST]{content}[/INST]",
            "assistant": [
                "{^}" + _REASONING + "{content}</s>",
                "{^}" + _REASONING + "{content}" + _BY_NAME,
            ],
            "tool": "[TOOL_RESULTS]{content}[/TOOL_RESULTS]",
        },
        "special_tokens": [*_PLAIN, *_SYSTEM, *_SETTINGS, *_TOOLS, *_RESULTS, "[ARGS]", *_THINK],
        "prepare": [
            _NO_EMPTY_ANSWERS,
            NO_THINKING,
            {
                "word": "insert",
                "role": "settings",
                "content": '{"reasoning_effort": "{reasoning_effort}"}',
                "values": {"reasoning_effort": "none"},
                "after_system": True,
            },
            {**_GIVEN, "into": "inserted", "role": "settings"},
        ],
        "source": f"{_FROM}, InstructTokenizerV15",
    },
}
