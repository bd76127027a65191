"""Mistral's layouts, one for each version of its tokenizer.

Up to version 7 there are two of each: with a tekken vocabulary, and with one of SentencePiece,
whose encoder puts a space before every piece of text.
"""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, system

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

_SMALL = (
    "You are Mistral Small 3, a Large Language Model (LLM) created by Mistral AI, a French startup "
    "headquartered in Paris.\n"
    "Your knowledge base was last updated on 2023-10-01. The current date is {date:%Y-%m-%d}.\n\n"
    "When you're not sure about some information or when the user's request requires up-to-date or "
    "specific data, you must use the available tools to fetch the information. Do not hesitate to "
    "use tools whenever they can provide a more accurate or complete response. If no relevant "
    "tools are available, then clearly state that you don't have the information and avoid making "
    "up anything.\n\n"
    "If the user's question is not clear, ambiguous, or does not provide enough context for you to "
    "accurately answer the question, you do not try to answer it right away and you rather ask the "
    'user to clarify their request (e.g. "What are some good restaurants around me?" => "Where '
    'are you?" or "When is the next flight to Tokyo" => "Where do you travel from?").\n'
    "You are always very attentive to dates, and when asked about information at specific dates, "
    "you discard information that is at another date.\n"
    "You follow these instructions in all languages, and always respond to the user in the "
    "language they use or request.\n"
    "Next sections describe the capabilities that you have.\n\n"
    "# WEB BROWSING INSTRUCTIONS\n\n"
    "You cannot perform any web search or access internet to open URLs, links etc. If it seems "
    "like the user is expecting you to do so, you clarify the situation and ask the user to copy "
    "paste the text directly in the chat.\n\n"
    "# MULTI-MODAL INSTRUCTIONS\n\n"
    "You have the ability to read images, but you cannot generate images. You also cannot "
    "transcribe audio files or videos.\n"
    "You cannot read nor transcribe audio files or videos.\n\n"
    "# TOOL CALLING INSTRUCTIONS\n\n"
    "You may have access to tools that you can use to fetch information or perform actions. You "
    "must use these tools in the following situations:\n\n"
    "1. When the request requires up-to-date information.\n"
    "2. When the request requires specific data that you do not have in your knowledge base.\n"
    "3. When the request involves actions that you cannot perform without tools.\n\n"
    "Always prioritize using tools to provide the most accurate and helpful response. If tools are "
    "not available, inform the user that you cannot perform the requested action at the moment."
)
"""What Mistral Small 3.2 is told where there is no system message, word for word."""
_V11: dict[str, Any] = {
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
}

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
        "faults": {
            "calls": "it writes a result that reads as a number without quotes",
        },
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
        "faults": {
            "calls": "it writes a result that reads as a number without quotes",
        },
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
    "mistral-v11": {**_V11, "prepare": _ANSWERING, "source": f"{_FROM}, InstructTokenizerV11"},
    "mistral-small-3.2": {
        **_V11,
        "prepare": [NO_THINKING, system(_SMALL, values={"date": None}), _GIVEN],
        "faults": {
            "dropped_text": "it leaves out the text of a message that has calls",
        },
        "source": (
            "Mistral-Small-3.2-24B-Instruct-2506.jinja of llama.cpp, whose system message is that "
            "of mistralai/Mistral-Small-3.2-24B-Instruct-2506"
        ),
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
