"""Function calling data: Glaive's texts, xLAM's rows, and Hermes's tags in ShareGPT.

Sources: https://huggingface.co/datasets/glaiveai/glaive-function-calling-v2,
https://huggingface.co/datasets/Salesforce/xlam-function-calling-60k and
https://huggingface.co/datasets/NousResearch/hermes-function-calling-v1. Arguments in JSON text keep
their spelling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.fields import Field
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.sharegpt import read_calls, speaker_role
from chatfmt.adapters.turns import checked_turns
from chatfmt.adapters.whole import whole
from chatfmt.conversation.reading import dumped, list_in_text

if TYPE_CHECKING:
    from chatfmt.adapters.options import Options
    from chatfmt.adapters.turns import Turn

__all__ = ["SCHEMAS"]


# ---- Glaive

_TURN = re.compile(r"(?:\A|\n\n\n?)\s*(USER|ASSISTANT|FUNCTION RESPONSE): ?")
_END = "<|endoftext|>"
_CALL = "<functioncall>"
_SYSTEM = "SYSTEM: "
_SIDES = {"USER": "user", "ASSISTANT": "assistant", "FUNCTION RESPONSE": "tool"}


def _read_glaive(row: Field, options: Options) -> list[Item]:
    chat = row.need("chat")
    before, *parts = _TURN.split(chat.text())
    if before.strip() or not parts:
        raise chat.expected("text that begins with 'USER: '")
    turns: list[Turn] = []
    for number, (side, text) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        turn = Field(text, f".turn[{number}]", chat)
        content = text.strip().removesuffix(_END).strip()
        if side == "ASSISTANT" and _CALL in content:
            said, _, called = content.partition(_CALL)
            calls = [_glaive_call(turn, called.strip())]
            message = turn.message(role="assistant", content=said.strip(), tool_calls=calls)
        else:
            message = turn.message(role=_SIDES[side], content=content)
        turns.append((turn, message))
    messages = checked_turns(chat, turns, options)
    opened = row.replaced({**row.value, "system": _glaive_system(row)})
    return [whole(opened, messages, "chat")]


def _glaive_system(row: Field) -> str:
    """The system message, with its description of the functions, as in the original training."""
    system = row.get("system")
    return "" if system is None else system.text().strip().removeprefix(_SYSTEM)


_QUOTED = re.compile(r'\{"name": "([^"\\]+)", "arguments": \'(.*)\'\}', re.DOTALL)


def _glaive_call(turn: Field, text: str) -> dict[str, str]:
    """A call, with its arguments between single quotes, which is not JSON."""
    found = _QUOTED.fullmatch(text)
    if found is None:
        [call] = read_calls(Field(text, ".call", turn))
        return {"name": call.name, "arguments": call.arguments}
    return {"name": found[1], "arguments": found[2]}


# ---- xLAM


def _read_xlam(row: Field, _options: Options) -> list[Item]:
    query, answers, tools = row.need("query"), row.need("answers"), row.need("tools")
    given = Field(list_in_text(answers.value), answers.key, row)
    calls = [_xlam_call(call) for call in given.items()] if given.value != [] else []
    defined = Field(list_in_text(tools.value), tools.key, row)
    listed = [] if defined.value == [] else defined.items()
    functions = [{"type": "function", "function": tool.members()} for tool in listed]
    messages = [
        query.message(role="user", content=query.value),
        answers.message(role="assistant", tool_calls=calls),
    ]
    opened = row.replaced({**row.value, "tools": functions})
    return [whole(opened, messages, "query", "answers")]


def _xlam_call(call: Field) -> dict[str, str]:
    arguments = call.need("arguments")
    if not isinstance(arguments.value, Mapping):
        raise arguments.expected("an object")
    for key in call.rest("name", "arguments"):
        raise call.need(key).error("a call has no place for it")
    return {"name": call.need("name").label(), "arguments": arguments.made(dumped, arguments.value)}


# ---- Hermes

_TAGGED = re.compile(r"\s*<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_RESULT = re.compile(r"\s*<tool_response>\s*(.*?)\s*</tool_response>\s*", re.DOTALL)


def _fits_hermes(row: Mapping[str, Any]) -> bool:
    turns = row.get("conversations")
    return isinstance(turns, list) and any(
        isinstance(turn, dict)
        and turn.get("from") == "gpt"
        and isinstance(turn.get("value"), str)
        and "<tool_call>" in turn["value"]
        for turn in turns
    )


def _read_hermes(row: Field, options: Options) -> list[Item]:
    log = row.need("conversations")
    turns: list[Turn] = []
    for field in log.items():
        role = speaker_role(field, options)
        value = field.need("value")
        if role == "tool":
            turns += _results(field, value)
        elif role == "assistant":
            turns.append((field, _answer(field, value)))
        else:
            turns.append((field, field.message(role=role, content=value.text())))
    return [whole(row, checked_turns(log, turns, options), "conversations")]


def _answer(field: Field, value: Field) -> Any:  # noqa: ANN401 - a message
    text = value.text()
    content = _TAGGED.sub("", text)
    if "<tool_call>" in content or "</tool_call>" in content:
        raise value.error("expected a </tool_call> for each <tool_call>")
    calls = [
        call
        for spelled in _TAGGED.findall(text)
        for call in read_calls(Field(spelled, ".tool_call", value))
    ]
    if calls and not text.rstrip().endswith("</tool_call>"):
        raise value.error("expected calls after the text, found text after a call")
    return field.message(role="assistant", content=content, tool_calls=calls)


def _results(field: Field, value: Field) -> list[Turn]:
    text = value.text()
    found = _RESULT.findall(text) or [text]
    if _RESULT.sub("", text).strip() and len(found) > 1:
        raise value.error("expected only results between <tool_response> and </tool_response>")
    return [(field, field.message(role="tool", content=content)) for content in found]


SCHEMAS = {
    "glaive": Schema(
        source="https://huggingface.co/datasets/glaiveai/glaive-function-calling-v2",
        marks=(("system", "chat"),),
        read=_read_glaive,
    ),
    "xlam": Schema(
        source="https://huggingface.co/datasets/Salesforce/xlam-function-calling-60k",
        marks=(("query", "answers", "tools"),),
        read=_read_xlam,
    ),
    "hermes": Schema(
        source="https://huggingface.co/datasets/NousResearch/hermes-function-calling-v1",
        marks=(("conversations",),),
        fits=_fits_hermes,
        read=_read_hermes,
    ),
}
