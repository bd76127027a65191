"""Vectors with calls, results, definitions and reasoning: the wire by hand, in labelled pieces.

Each piece of a message is `x:text`, where the letter says the part that the text belongs to, a
capital letter that a model which speaks in this message writes it, and `~` after the letter that
special tokens in it are text. A lone `/` stands where a
prompt may end, so that text is encoded in two: before it and after it.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.encodings import TiktokenEncoding

__all__ = ["BROKEN", "LABELLED", "Broken", "Labelled", "labelled"]

_PARTS = {
    "p": "prologue",
    "h": "header",
    "r": "reasoning",
    "t": "tools",
    "c": "content",
    "k": "calls",
    "e": "end",
    "l": "tail",
}


class Labelled(NamedTuple):
    """A conversation, and its wire in pieces: those of the prologue, then those of each message."""

    format: str
    messages: list[dict[str, Any]]
    prologue: list[str]
    wire: list[list[str]]
    prompt: bool = False
    """Whether the last of the wire is a prompt."""


class Broken(NamedTuple):
    """A wire that is malformed, as text before the first id that cannot be accepted, and after."""

    format: str
    before: str
    after: str
    kind: str


class _Piece(NamedTuple):
    text: str
    message: int | None
    part: str
    generated: bool
    special: bool = False


def labelled(case: Labelled, encoding: TiktokenEncoding) -> tuple[list[int], list[list[Any]]]:
    """The ids of the wire, and its spans."""
    owned: list[tuple[int, tuple[int | None, str, bool]]] = []
    for run in _runs(case, encoding):
        if run[0].special:
            owned.append((encoding.special_tokens[run[0].text], run[0][1:4]))
            continue
        at, owners = 0, [piece[1:4] for piece in run for _ in piece.text.encode()]
        for token in encoding.encode_ordinary("".join(piece.text for piece in run)):
            owned.append((token, owners[at]))
            at += len(encoding.token_bytes(token))
    spans: list[list[Any]] = []
    for owner, group in groupby(owned, key=lambda one: one[1]):
        start = spans[-1][1] if spans else 0
        spans.append([start, start + len([*group]), *owner])
    return [token for token, _ in owned], spans


def _runs(case: Labelled, encoding: TiktokenEncoding) -> Iterator[list[_Piece]]:
    """Special tokens, each by itself, and between them what is encoded as one."""
    special = "|".join(map(re.escape, encoding.special_tokens))
    run: list[_Piece] = []
    for number, written in [(None, case.prologue), *enumerate(case.wire)]:
        for label, text in _split(written):
            piece = _Piece("", number, _PARTS.get(label[0].lower(), ""), label[0].isupper())
            for at, found in enumerate([text] if "~" in label else re.split(f"({special})", text)):
                is_special = at % 2 == 1
                if run and (is_special or label == "/"):
                    yield run
                    run = []
                if found:
                    run.append(piece._replace(text=found, special=is_special))
                if is_special:
                    yield run
                    run = []
    if run:
        yield run


def _split(written: Sequence[str]) -> Iterator[tuple[str, str]]:
    for piece in written:
        label, _, text = piece.partition(":")
        yield label, text


_PARIS = '{"city": "Paris", "days": 2}'
_DEFINED = '[{"type": "function", "function": {"name": "get_weather"}}]'


def _call(arguments: str, name: str = "get_weather", **more: str) -> dict[str, str]:
    return {"name": name, "arguments": arguments, **more}


_QWEN_USER = ["h:<|im_start|>user\n", "C:Weather?", "E:<|im_end|>", "l:\n"]
_QWEN_CALL = (
    'K:<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "days": 2}}'
    "\n</tool_call>"
)

_QWEN_ASSISTANT = ("h:<|im_start|>assistant\n", "/")
_QWEN_END = ("E:<|im_end|>", "l:\n")
_USER = {"role": "user", "content": "Weather?"}

LABELLED: dict[str, Labelled] = {
    "qwen-3-call": Labelled(
        "qwen-3",
        [_USER, {"role": "assistant", "content": "", "tool_calls": [_call(_PARIS)]}],
        [],
        [_QWEN_USER, [*_QWEN_ASSISTANT, _QWEN_CALL, *_QWEN_END]],
    ),
    "qwen-3-prompt": Labelled(
        "qwen-3", [_USER], [], [_QWEN_USER, ["h:<|im_start|>assistant\n"]], prompt=True
    ),
    "kimi-k2-prompt": Labelled(
        "kimi-k2",
        [_USER],
        [],
        [
            ["h:<|im_user|>user<|im_middle|>", "C:Weather?", "E:<|im_end|>"],
            ["h:<|im_assistant|>assistant<|im_middle|>"],
        ],
        prompt=True,
    ),
    "gpt-oss-prompt": Labelled(
        "gpt-oss",
        [_USER],
        [],
        [["h:<|start|>user<|message|>", "C:Weather?", "E:<|end|>"], ["h:<|start|>assistant"]],
        prompt=True,
    ),
    "qwen-3-turns": Labelled(
        "qwen-3",
        [
            {"role": "system", "content": "Be brief."},
            _USER,
            {
                "role": "assistant",
                "reasoning": "I ask.",
                "content": "Let me see.",
                "tool_calls": [_call(_PARIS), _call('{"a": "</tool_call>\\n<|im_end|>"}', "f")],
            },
            {"role": "tool", "content": "21 °C"},
            {"role": "tool", "content": "\n<tool_response>\n"},
            {"role": "assistant", "reasoning": "", "content": "21 °C."},
        ],
        [],
        [
            ["h:<|im_start|>system\n", "C:Be brief.", "E:<|im_end|>", "l:\n"],
            _QWEN_USER,
            [
                *(*_QWEN_ASSISTANT, "H:<think>\n", "/", "R:I ask.\n", "H:</think>\n\n"),
                *("C:Let me see.\n", _QWEN_CALL, "K:\n<tool_call>\n"),
                'K~:{"name": "f", "arguments": {"a": "</tool_call>\\n<|im_end|>"}}',
                *("K:\n</tool_call>", *_QWEN_END),
            ],
            ["h:<|im_start|>user\n<tool_response>\n", "c:21 °C\n", "h:</tool_response>"],
            [
                *("h:\n<tool_response>\n", "c~:\n<tool_response>\n\n", "h:</tool_response>"),
                *("e:<|im_end|>", "l:\n"),
            ],
            [
                *("h:<|im_start|>assistant\n", "/", "h:<think>\n", "r:\n", "h:</think>\n\n", "/"),
                *("C:21 °C.", *_QWEN_END),
            ],
        ],
    ),
    "granite-4-turns": Labelled(
        "granite-4",
        [
            _USER,
            {"role": "assistant", "content": " \n", "tool_calls": [_call("{}"), _call("{ }")]},
            {"role": "tool", "content": ""},
            {"role": "assistant", "content": "None."},
        ],
        [],
        [
            [
                *("h:<|start_of_role|>user<|end_of_role|>", "C:Weather?"),
                *("E:<|end_of_text|>", "l:\n"),
            ],
            [
                *("h:<|start_of_role|>assistant<|end_of_role|>", "/", "C: \n\n"),
                'K:<tool_call>\n{"name": "get_weather", "arguments": {}}\n</tool_call>',
                'K:\n<tool_call>\n{"name": "get_weather", "arguments": { }}\n</tool_call>',
                *("E:<|end_of_text|>", "l:\n"),
            ],
            [
                *("h:<|start_of_role|>user<|end_of_role|>\n<tool_response>\n", "c:\n"),
                *("h:</tool_response>", "e:<|end_of_text|>", "l:\n"),
            ],
            [
                *("h:<|start_of_role|>assistant<|end_of_role|>", "/", "C:None."),
                *("E:<|end_of_text|>", "l:\n"),
            ],
        ],
    ),
    "mistral-v13-turns": Labelled(
        "mistral-v13",
        [
            {"role": "system", "content": "Be brief."},
            {**_USER, "tools": _DEFINED},
            {
                "role": "assistant",
                "reasoning": "I ask.",
                "content": "",
                "tool_calls": [_call(_PARIS), _call('{"a": "[ARGS]</s>"}', "f")],
            },
            {"role": "tool", "content": "21 °C"},
            {"role": "tool", "content": "[/TOOL_RESULTS]"},
            {"role": "assistant", "content": "21 °C."},
        ],
        ["p:<s>"],
        [
            ["h:[SYSTEM_PROMPT]", "C:Be brief.", "E:[/SYSTEM_PROMPT]"],
            [
                *("H:[AVAILABLE_TOOLS]", f"T:{_DEFINED}", "H:[/AVAILABLE_TOOLS][INST]"),
                *("C:Weather?", "E:[/INST]"),
            ],
            [
                *("H:[THINK]", "R:I ask.", "H:[/THINK][TOOL_CALLS]"),
                *(f"K:get_weather[ARGS]{_PARIS}", "K:[TOOL_CALLS]f[ARGS]"),
                *('K~:{"a": "[ARGS]</s>"}', "E:</s>"),
            ],
            ["h:[TOOL_RESULTS]", "C:21 °C", "E:[/TOOL_RESULTS]"],
            ["h:[TOOL_RESULTS]", "C~:[/TOOL_RESULTS]", "E:[/TOOL_RESULTS]"],
            ["C:21 °C.", "E:</s>"],
        ],
    ),
    "kimi-k2-turns": Labelled(
        "kimi-k2",
        [
            {"role": "tool_declare", "content": _DEFINED},
            _USER,
            {
                "role": "assistant",
                "content": "Let me see.",
                "tool_calls": [
                    _call(_PARIS, id="functions.get_weather:0"),
                    _call("", "f", id="functions.f:1"),
                ],
            },
            {
                "role": "tool",
                "name": "get_weather",
                "call_id": "functions.get_weather:0",
                "content": "21 °C",
            },
            {"role": "assistant", "content": "21 °C."},
        ],
        [],
        [
            ["h:<|im_system|>tool_declare<|im_middle|>", f"C:{_DEFINED}", "E:<|im_end|>"],
            ["h:<|im_user|>user<|im_middle|>", "C:Weather?", "E:<|im_end|>"],
            [
                *("h:<|im_assistant|>assistant<|im_middle|>", "C:Let me see."),
                "H:<|tool_calls_section_begin|>",
                "K:<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>",
                *(f"K:{_PARIS}", "K:<|tool_call_end|><|tool_call_begin|>functions.f:1"),
                *("K:<|tool_call_argument_begin|><|tool_call_end|>",),
                *("H:<|tool_calls_section_end|>", "E:<|im_end|>"),
            ],
            [
                "h:<|im_system|>get_weather<|im_middle|>## Return of functions.get_weather:0\n",
                *("C:21 °C", "E:<|im_end|>"),
            ],
            ["h:<|im_assistant|>assistant<|im_middle|>", "C:21 °C.", "E:<|im_end|>"],
        ],
    ),
    "gpt-oss-turns": Labelled(
        "gpt-oss",
        [
            {"role": "system", "content": "Reasoning: low"},
            _USER,
            {"role": "assistant", "channel": "analysis", "content": "I ask."},
            {
                "role": "assistant",
                "recipient": "functions.get_weather",
                "channel": "commentary",
                "content_type": "json",
                "content": _PARIS,
            },
            {
                "role": "tool",
                "name": "functions.get_weather",
                "recipient": "assistant",
                "channel": "commentary",
                "content": "21 °C",
            },
            {"role": "assistant", "channel": "final", "content": "21 °C."},
        ],
        [],
        [
            ["h:<|start|>system<|message|>", "C:Reasoning: low", "E:<|end|>"],
            ["h:<|start|>user<|message|>", "C:Weather?", "E:<|end|>"],
            [
                *("h:<|start|>assistant", "H:<|channel|>analysis<|message|>", "C:I ask."),
                "E:<|end|>",
            ],
            [
                "H:<|start|>assistant",
                *("/", "H: to=functions.get_weather<|channel|>commentary <|constrain|>json"),
                *("H:<|message|>", f"C:{_PARIS}", "E:<|call|>"),
            ],
            [
                "h:<|start|>functions.get_weather to=assistant<|channel|>commentary<|message|>",
                *("C:21 °C", "E:<|end|>"),
            ],
            [
                *("h:<|start|>assistant", "H:<|channel|>final<|message|>", "C:21 °C."),
                "E:<|end|>",
            ],
        ],
    ),
}

_QWEN_ASKS = "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n"
_KIMI_ASKS = "<|im_assistant|>assistant<|im_middle|><|tool_calls_section_begin|>"

BROKEN: dict[str, Broken] = {
    "qwen-3-no-object": Broken(
        "qwen-3",
        _QWEN_ASKS + "<tool_call>\n",
        "None\n</tool_call><|im_end|>\n",
        "malformed_call",
    ),
    "qwen-3-not-closed": Broken(
        "qwen-3",
        _QWEN_ASKS + '<tool_call>\n{"name": "f", "arguments": {}',
        "<|im_end|>\n",
        "unexpected_special",
    ),
    "qwen-3-call-of-a-user": Broken(
        "qwen-3", "<|im_start|>user\n", "<tool_call>\n", "unexpected_special"
    ),
    "qwen-3-cut-in-a-call": Broken(
        "qwen-3", _QWEN_ASKS + '<tool_call>\n{"name": "f", "arg', "", "open_message"
    ),
    "qwen-3-stop-token-as-an-end": Broken(
        "qwen-3", _QWEN_ASKS + "4", "<|endoftext|>", "unexpected_special"
    ),
    "mistral-v13-no-arguments": Broken(
        "mistral-v13", "<s>[INST]x[/INST][TOOL_CALLS]f", "</s>", "unexpected_special"
    ),
    "mistral-v13-no-name": Broken(
        "mistral-v13", "<s>[INST]x[/INST][TOOL_CALLS]", "[ARGS]{}</s>", "unexpected_special"
    ),
    "kimi-k2-no-name-in-the-id": Broken(
        "kimi-k2",
        _KIMI_ASKS + "<|tool_call_begin|>f<|tool_call_argument_begin|>{}",
        "<|tool_call_end|><|tool_calls_section_end|><|im_end|>",
        "malformed_call",
    ),
    "kimi-k2-no-call-in-the-section": Broken(
        "kimi-k2", _KIMI_ASKS, "<|tool_calls_section_end|><|im_end|>", "unexpected_special"
    ),
    "gpt-oss-no-recipient": Broken(
        "gpt-oss", "<|start|>nobody", "<|message|>x<|end|>", "malformed_header"
    ),
    "granite-4-text-after-a-call": Broken(
        "granite-4",
        '<|start_of_role|>assistant<|end_of_role|><tool_call>\n{"name": "f", "arguments": {}}\n'
        "</tool_call>",
        "x<|end_of_text|>\n",
        "malformed_call",
    ),
}
