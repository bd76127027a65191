"""Gemini's ``contents``: turns of parts, in requests and in files for tuning.

Source: the Gemini API reference, "Content" and "Part", at
https://ai.google.dev/api/caching#Content, and Vertex AI, "Prepare supervised fine-tuning data for
Gemini". Both spellings of names are accepted, ``functionCall`` and ``function_call``. A response
belongs to a call by its name, or its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import besides, whole
from chatfmt.conversation.reading import dumped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_SYSTEM = ("systemInstruction", "system_instruction")
_PARTS = {
    "text": "text",
    "functionCall": "call",
    "function_call": "call",
    "functionResponse": "response",
    "function_response": "response",
}
_BESIDES = ("thought", "thoughtSignature", "thought_signature")


def _read(row: Field, _options: Options) -> list[Item]:
    messages: list[Message] = []
    said: list[dict[str, Any]] = []
    for turn in row.need("contents").items():
        role = turn.need("role").one_of(("user", "model", "function"))
        parts = turn.need("parts").items()
        messages += _model(turn, parts) if role == "model" else _user(turn, parts)
        rest = [part.rest(*_PARTS, "thought") for part in parts]
        said.append({**besides(turn, "role", "parts"), **({"parts": rest} if any(rest) else {})})
    return [whole(_opened(row), messages, "contents", turns=said)]


def _kind(part: Field) -> tuple[str, Field]:
    """The kind of a part, and the member that contains it."""
    for key in part.members():
        if key not in _PARTS and key not in _BESIDES:
            raise part.need(key).error(f"expected text, a call or a response, found {key}")
    held = [key for key in _PARTS if part.get(key) is not None]
    if len(held) != 1:
        raise part.expected("one of text, functionCall and functionResponse")
    return _PARTS[held[0]], part.need(held[0])


def _user(turn: Field, parts: list[Field]) -> Iterator[Message]:
    texts: list[str] = []
    for part in parts:
        kind, held = _kind(part)
        if kind == "text":
            texts.append(held.text())
            continue
        if kind == "call":
            raise held.error("expected text or responses from the user, found a call")
        if texts:
            yield turn.message(role="user", content="".join(texts))
            texts = []
        given = held.need("response")
        if not isinstance(given.value, Mapping):
            raise given.expected("an object")
        content = given.made(dumped, given.value)
        call_id = held.value.get("id")
        yield held.message(
            role="tool", name=held.need("name").label(), content=content, call_id=call_id
        )
    if texts:
        yield turn.message(role="user", content="".join(texts))


def _model(turn: Field, parts: list[Field]) -> Iterator[Message]:
    thinking: list[str] = []
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for part in parts:
        kind, held = _kind(part)
        if kind == "response":
            raise held.error("expected text or calls from the model, found a response")
        if kind == "call":
            calls.append(_call(held))
        elif calls or (part.value.get("thought") is True and texts):
            raise held.error("expected reasoning, then text, then calls, their order in a message")
        else:
            (thinking if part.value.get("thought") is True else texts).append(held.text())
    reasoning = "".join(thinking) if thinking else None
    yield turn.message(
        role="assistant", content="".join(texts), tool_calls=calls, reasoning=reasoning
    )


def _call(held: Field) -> dict[str, Any]:
    arguments = held.get("args")
    if arguments is not None and not isinstance(arguments.value, Mapping):
        raise arguments.expected("an object")
    given = {} if arguments is None else arguments.value
    identifier = {} if held.value.get("id") is None else {"id": held.value["id"]}
    return {**identifier, "name": held.need("name").label(), "arguments": held.made(dumped, given)}


def _opened(row: Field) -> Field:
    """The row with its system message as text, and its tools in the shape of OpenAI's API."""
    opened = dict(row.value)
    for key in _SYSTEM:
        system = row.get(key)
        if system is not None:
            del opened[key]
            texts = [_kind(part) for part in system.need("parts").items()]
            if any(kind != "text" for kind, _ in texts):
                raise system.expected("parts of text")
            if "system" in opened:
                raise system.error("expected one system message, found a second in the row")
            opened["system"] = "".join(held.text() for _, held in texts)
    tools = row.get("tools")
    if tools is not None and tools.value != []:
        opened["tools"] = [function for tool in tools.items() for function in _functions(tool)]
    return row.replaced(opened)


def _functions(tool: Field) -> Iterator[dict[str, Any]]:
    for key in tool.members():
        if key not in ("functionDeclarations", "function_declarations"):
            raise tool.need(key).error("expected only functionDeclarations")
        for function in tool.need(key).items():
            yield {"type": "function", "function": function.members()}


SCHEMA = Schema(
    source="https://ai.google.dev/api/caching#Content",
    marks=(("contents",),),
    read=_read,
)
