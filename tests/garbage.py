"""Ids of any length that are not a conversation; readers must handle them in linear time."""

from __future__ import annotations

from rows import ids_in, plain, tokenizer

__all__ = ["ROWS", "kinds"]

ROWS = ("gpt-4o", "gpt-oss", "qwen-3", "mistral-v13", "kimi-k2")

_BEGINS = {
    "gpt-4o": "<|im_start|>",
    "gpt-oss": "<|start|>",
    "qwen-3": "<|im_start|>",
    "mistral-v13": "[TOOL_RESULTS]",
    "kimi-k2": "<|im_system|>",
}
"""How a message with a header begins."""
_CALLS = {
    "gpt-4o": "<|im_sep|>",
    "gpt-oss": "<|channel|>commentary to=f<|constrain|>json<|message|>",
    "qwen-3": '<tool_call>\n{"name": "f", "arguments": {"a": [',
    "mistral-v13": '[TOOL_CALLS]f[ARGS]{"a": [',
    "kimi-k2": (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"
    ),
}
"""How a call begins, or what comes closest to it."""


def kinds(name: str) -> dict[str, tuple[list[int], list[int]]]:
    """Kind of garbage to what stands once at its beginning, and what is repeated after that."""
    tok = tokenizer(name)
    special = tok.encoding.special_tokens
    begins, call = ids_in(tok, _BEGINS[name]), ids_in(tok, _CALLS[name])
    message = tok.encode([plain("user", tok.format.lines_of["user"][0])])
    content = message[: message.index(ord("x"), 3 if name == "gpt-4o" else 0) + 1]
    prompt = tok.encode_prompt([])
    return {
        "header text": (begins, [*b"abcdefgh"]),
        "header text with spaces": (begins, [*b"ab c "]),
        "content without end": (content, [*b"some text\n"]),
        "half characters": (content, [0xE2, 0x82]),
        "begun characters": (content, [0xF0]),
        "text between messages": (message, [*b"ab "]),
        "start tokens": ([], begins),
        "end tokens": ([], [special[tok.format.stop_spellings[0]]]),
        "unknown specials": (content, [300]),
        "openers of calls": (prompt, call),
        "brackets": ([*prompt, *call], [*b"[{"]),
        "a string without end": ([*prompt, *call], [*b'"a\\\\', *b"b "]),
        "fences begun": (content, [*b"\n</tool_response>\n<tool_"]),
        "messages": ([], message),
        "every special token": ([], [*special.values(), *b"a\n"]),
        "headers begun": ([], [*begins, *b"us"]),
    }
