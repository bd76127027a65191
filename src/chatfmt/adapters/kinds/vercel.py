"""Stored messages of Vercel's AI SDK: version 4, and version 5 with parts.

Source: AI SDK, "UIMessage" and "Message", at
https://ai-sdk.dev/docs/reference/ai-sdk-core/ui-message. A tool part contains both the call and its
result, which is a message here. Each step is a separate message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.fields import Field
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import besides, whole
from chatfmt.conversation.reading import dumped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_ROLES = ("system", "user", "assistant")


def _fits(row: Mapping[str, Any]) -> bool:
    messages = row.get("messages")
    return isinstance(messages, list) and any(
        isinstance(message, dict)
        and (isinstance(message.get("parts"), list) or "toolInvocations" in message)
        for message in messages
    )


def _read(row: Field, _options: Options) -> list[Item]:
    messages: list[Message] = []
    said: list[dict[str, Any]] = []
    for turn in row.need("messages").items():
        turn.need("role").one_of(_ROLES)
        said.append(besides(turn, "role", "content", "parts", "toolInvocations", "reasoning"))
        parts = _parts(turn)
        if turn.value["role"] == "assistant":
            messages += _assistant(turn, parts)
        else:
            messages.append(_plain(turn, parts))
    return [whole(row, messages, "messages", turns=said)]


def _parts(turn: Field) -> list[Field]:
    """The parts of a message; made up for a version 4 message without parts."""
    parts = turn.get("parts")
    if parts is not None:
        return _consistent(turn, parts.items())
    found: list[Field] = []
    if turn.get("reasoning") is not None:
        old = {"type": "reasoning", "text": turn.value["reasoning"]}
        found.append(Field(old, "", turn))
    calls = turn.get("toolInvocations")
    given = calls.items() if calls is not None and calls.value != [] else []
    found += [
        Field({"type": "tool-invocation", "toolInvocation": call.value}, "", call) for call in given
    ]
    content = turn.need("content")
    if content.text() or not found:
        # Version 4 has one text, which was written after the results of the calls.
        found.append(Field({"type": "text", "text": content.value}, "", turn))
    return found


def _consistent(turn: Field, parts: list[Field]) -> list[Field]:
    """The parts, after checking that the members beside them agree."""
    texts = "".join(part.value["text"] for part in parts if _kind(part) == "text")
    content, reasoning = turn.get("content"), turn.get("reasoning")
    if content is not None and content.text() not in ("", texts):
        raise content.error("expected the same text as in the parts, found another")
    if reasoning is not None and not any(_kind(part) == "reasoning" for part in parts):
        raise reasoning.error("expected the reasoning in the parts as well")
    return parts


def _kind(part: Field) -> str:
    kind = part.need("type").label()
    if kind in ("text", "reasoning", "step-start", "tool-invocation", "dynamic-tool"):
        if kind == "text":
            part.need("text").text()
        return kind
    if kind.startswith("tool-"):
        return "tool"
    raise part.need("type").expected("text, reasoning, step-start or a tool")


def _plain(turn: Field, parts: list[Field]) -> Message:
    for part in parts:
        if _kind(part) != "text":
            raise part.need("type").expected("text")
    texts = [part.value["text"] for part in parts]
    return turn.message(role=turn.value["role"], content="".join(texts))


def _assistant(turn: Field, parts: list[Field]) -> Iterator[Message]:
    fields: dict[str, Any] = {}
    results: list[Message] = []

    def finished() -> Iterator[Message]:
        if fields:
            yield turn.message(role="assistant", **fields)
            yield from results
        fields.clear()
        results.clear()

    for part in parts:
        kind = _kind(part)
        if kind == "step-start" or (kind in ("text", "reasoning") and "tool_calls" in fields):
            yield from finished()
        if kind == "text":
            fields["content"] = fields.get("content", "") + part.value["text"]
        elif kind == "reasoning":
            if "content" in fields:
                yield from finished()
            fields["reasoning"] = fields.get("reasoning", "") + _reasoning(part)
        elif kind != "step-start":
            call, result = _invocation(part, kind)
            fields["tool_calls"] = [*fields.get("tool_calls", []), call]
            if result is not None:
                results.append(result)
    yield from finished()


def _reasoning(part: Field) -> str:
    return (part.get("text") or part.need("reasoning")).text()


def _invocation(part: Field, kind: str) -> tuple[dict[str, Any], Message | None]:
    held = part.need("toolInvocation") if kind == "tool-invocation" else part
    old = kind == "tool-invocation"
    if kind == "tool":
        name = part.value["type"].removeprefix("tool-")
    else:
        name = held.need("toolName").label()
    identifier = held.need("toolCallId").label()
    given = held.need("args" if old else "input")
    if not isinstance(given.value, Mapping):
        raise given.expected("an object")
    arguments = given.made(dumped, given.value)
    call = {"id": identifier, "name": name, "arguments": arguments}
    state = held.need("state").one_of(_STATES)
    if state in ("call", "input-available"):
        return call, None
    key = "errorText" if state == "output-error" else "result" if old else "output"
    outcome = held.need(key)
    text = isinstance(outcome.value, str)
    content = outcome.value if text else outcome.made(dumped_any, outcome.value)
    return call, held.message(role="tool", call_id=identifier, content=content)


_STATES = ("call", "result", "input-available", "output-available", "output-error")


def dumped_any(value: object) -> str:
    """Any JSON value as text."""
    return dumped({"": value})[5:-1] if not isinstance(value, Mapping) else dumped(value)


SCHEMA = Schema(
    source="https://ai-sdk.dev/docs/reference/ai-sdk-core/ui-message",
    marks=(("messages",),),
    fits=_fits,
    read=_read,
)
