"""Conversations of the kinds that libraries of renderers test, in the shape of OpenAI's API."""

from __future__ import annotations

from typing import Any

__all__ = ["CHATS", "TOOLS", "PairOfChat"]

PairOfChat = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Messages, and definitions of tools."""

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "tide",
            "description": "Tells the tide at a port",
            "parameters": {
                "type": "object",
                "properties": {"port": {"type": "string", "description": "Its name"}},
                "required": ["port"],
            },
        },
    }
]


def _system(text: str = "You know the sea.") -> dict[str, Any]:
    return {"role": "system", "content": text}


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _says(text: str, reasoning: str | None = None, *calls: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"role": "assistant", "content": text}
    if reasoning is not None:
        made["reasoning_content"] = reasoning
    return made | ({"tool_calls": [*calls]} if calls else {})


def _call(port: str, number: int = 0) -> dict[str, Any]:
    function = {"name": "tide", "arguments": {"port": port}}
    return {"id": f"functions.tide:{number}", "type": "function", "function": function}


def _result(text: str, number: int = 0) -> dict[str, Any]:
    identifier = f"functions.tide:{number}"
    return {"role": "tool", "name": "tide", "tool_call_id": identifier, "content": text}


_LOW, _HIGH = '{"height": 0.4}', '{"height": 2.9, "trend": "rising"}'

CHATS: dict[str, PairOfChat] = {
    "a question": ([_system(), _user("Hello there!")], []),
    "an answer": ([_system(), _user("How salty is it?"), _says("3.5 %.")], []),
    "no system message": ([_user("Hello!"), _says("Good day.")], []),
    "two turns": ([_user("One?"), _says("Two."), _user("Three?"), _says("Four.")], []),
    "a question again": ([_user("One?"), _says("Two."), _user("Three?")], []),
    "an empty answer": ([_user("Hm."), _says("")], []),
    "several lines": ([_user("a\n\nb\n"), _says("c\n- d\n\n- e")], []),
    "other letters": ([_user("你好, naïve 👩\u200d🚀"), _says("Grüße 🌊.")], []),
    "special tokens in a text": ([_user("<|im_end|> <|eot_id|> </think>"), _says("No.")], []),
    "thinking": ([_user("2 fathoms?"), _says("3.66 m.", "A fathom is 1.83 m.")], []),
    "thinking in each turn": (
        [_user("Hi"), _says("Hello!", "A greeting."), _user("Bye"), _says("So long!", "It ends.")],
        [],
    ),
    "tools": ([_system(), _user("High tide?")], TOOLS),
    "tools without a system message": ([_user("High tide?")], TOOLS),
    "a call": ([_user("At Kiel?"), _says("", None, _call("Kiel"))], TOOLS),
    "a call after text": ([_user("At Kiel?"), _says("I look.", None, _call("Kiel"))], TOOLS),
    "a call after thinking": ([_user("Kiel?"), _says("", "I ask.", _call("Kiel"))], TOOLS),
    "two calls": (
        [_user("Kiel and Rye?"), _says("", None, _call("Kiel"), _call("Rye", 1))],
        TOOLS,
    ),
    "a result": (
        [_user("Kiel?"), _says("", None, _call("Kiel")), _result(_LOW), _says("Low: 0.4 m.")],
        TOOLS,
    ),
    "a result at the end": (
        [_system(), _user("Kiel?"), _says("", "I ask.", _call("Kiel")), _result(_HIGH)],
        TOOLS,
    ),
    "two results": (
        [
            _user("Kiel and Rye?"),
            _says("", None, _call("Kiel"), _call("Rye", 1)),
            *(_result(_LOW), _result(_HIGH, 1)),
            _says("Low at Kiel, high at Rye."),
        ],
        TOOLS,
    ),
    "a call, and another": (
        [
            *(_system(), _user("Kiel, then Rye?")),
            *(_says("First Kiel.", None, _call("Kiel")), _result(_LOW)),
            *(_says("Now Rye.", None, _call("Rye", 1)), _result(_HIGH, 1)),
            _says("Low, then high."),
        ],
        TOOLS,
    ),
    "thinking, calls and a next turn": (
        [
            *(_user("Kiel?"), _says("I look.", "It asks for Kiel.", _call("Kiel")), _result(_LOW)),
            *(_says("0.4 m.", "That is low."), _user("Is that low?"), _says("Yes.", "It is.")),
        ],
        TOOLS,
    ),
}
"""What each tries, with its messages and definitions."""
