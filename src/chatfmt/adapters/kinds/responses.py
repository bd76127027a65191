"""OpenAI's responses: requests with ``input``, answers with ``output``, and their items.

Source: the OpenAI API reference, "Responses", at https://platform.openai.com/docs/api-reference/
responses. A reasoning item and the calls and messages after it are one message of the assistant;
other members of items (``id``, ``status``) become ``turn_metadata``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import besides, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_TEXTS = ("input_text", "output_text", "text")


def _fits(row: Mapping[str, Any]) -> bool:
    given = row.get("input", row.get("output"))
    answered = row.get("object") == "response" or "model" in row
    return isinstance(given, list | str) and answered and "instruction" not in row


def _read(row: Field, _options: Options) -> list[Item]:
    given = row.get("output")
    if given is None or row.get("input") is not None:
        given = row.need("input")
    messages: list[Message] = []
    said: list[dict[str, Any]] = []
    if isinstance(given.value, str):
        messages = [given.message(role="user", content=given.value)]
    elif isinstance(given.value, list):
        items = given.items()
        for item in items:
            _add(messages, item)
        said = [besides(item, *_USED[_kind(item)]) for item in items]
    else:
        raise given.expected("text, or a list of items")
    return [
        whole(
            _opened(row),
            messages,
            given.key.removeprefix("."),
            "instructions",
            turns=said,
            goes_on=row.get("previous_response_id") is not None,
        )
    ]


_USED = {
    "message": ("type", "role", "content"),
    "function_call": ("type", "call_id", "name", "arguments"),
    "function_call_output": ("type", "call_id", "output"),
    "reasoning": ("type", "summary", "content"),
}


def _kind(item: Field) -> str:
    kind = item.value.get("type", "message") if isinstance(item.value, dict) else None
    if not isinstance(kind, str) or kind not in _USED:
        where = item.need("type") if isinstance(item.value, dict) else item
        raise where.expected(f"one of {', '.join(_USED)}")
    return kind


def _add(messages: list[Message], item: Field) -> None:
    kind = _kind(item)
    if kind == "function_call_output":
        call_id = item.need("call_id").label()
        content = _text(item.need("output"))
        messages.append(item.message(role="tool", call_id=call_id, content=content))
    elif kind == "message":
        role = item.need("role").one_of(("system", "developer", "user", "assistant"))
        said = item.message(role=role, content=_text(item.need("content")))
        if role == "assistant":
            _join(messages, said)
        else:
            messages.append(said)
    elif kind == "function_call":
        call = {
            "id": item.need("call_id").label(),
            "name": item.need("name").label(),
            "arguments": item.need("arguments").text(),
        }
        _join(messages, item.message(role="assistant", tool_calls=[call]))
    elif reasoning := _reasoning(item):
        messages.append(item.message(role="assistant", reasoning=reasoning))


def _join(messages: list[Message], more: Message) -> None:
    """Add text or a call to the assistant's open message, or as a message of its own."""
    before = messages[-1] if messages else None
    open_ = before is not None and before.role == "assistant"
    if before is None or not open_ or (more.content and (before.content or before.tool_calls)):
        messages.append(more)
        return
    update = {"content": before.content or more.content}
    update |= {"tool_calls": before.tool_calls + more.tool_calls}  # type: ignore[dict-item]
    messages[-1] = before.model_copy(update=update)


def _reasoning(item: Field) -> str:
    """The reasoning of an item: its text or its summaries; empty if it has neither."""
    if item.get("encrypted_content") is not None:
        raise item.need("encrypted_content").error(
            "expected readable reasoning, found encrypted_content"
        )
    for key in ("content", "summary"):
        parts = item.get(key)
        if parts is not None and parts.value != []:
            return "\n\n".join(part.need("text").text() for part in parts.items())
    return ""


def _text(content: Field) -> str:
    if isinstance(content.value, str):
        return content.value
    texts = []
    for part in content.items():
        kind = part.need("type")
        if kind.value not in _TEXTS:
            raise kind.expected(f"one of {', '.join(_TEXTS)}")
        for key, member in part.rest("type", "text").items():
            if member != []:  # answers have lists of annotations and logprobs, mostly empty
                raise part.need(key).error(
                    "a message has no place for it, and dropping it would lose information"
                )
        texts.append(part.need("text").text())
    return "".join(texts)


def _opened(row: Field) -> Field:
    """The row with its instructions as a system message, and tools as in chat completions."""
    opened = dict(row.value)
    instructions, tools = row.get("instructions"), row.get("tools")
    if instructions is not None:
        opened["system"] = instructions.value
    if tools is not None and tools.value != []:
        opened["tools"] = [_tool(tool) for tool in tools.items()]
    return row.replaced(opened)


def _tool(tool: Field) -> dict[str, Any]:
    tool.need("type").one_of(("function",))
    return {"type": "function", "function": tool.rest("type")}


SCHEMA = Schema(
    source="https://platform.openai.com/docs/api-reference/responses",
    marks=(("input",), ("output",)),
    fits=_fits,
    read=_read,
)
