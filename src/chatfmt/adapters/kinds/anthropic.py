"""Anthropic's messages with blocks: requests, answers, and logs of both.

Source: the Anthropic API reference, "Messages" (content blocks, ``system``, ``tools`` with
``input_schema``), at https://docs.anthropic.com/en/api/messages. A tool's result is a block of the
user there, and a message here; other members of blocks (``cache_control``, ``signature``,
``is_error``) become ``turn_metadata``.
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

# A tuple: a block's type may be any value, and only a text has a place in a set.
_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking")


def _fits(row: Mapping[str, Any]) -> bool:
    """Whether a row has blocks or tool definitions that only Anthropic's API uses."""
    if row.get("type") == "message" or isinstance(row.get("system"), list):
        return True
    tools = row.get("tools")
    if isinstance(tools, list) and any(isinstance(t, dict) and "input_schema" in t for t in tools):
        return True
    messages = row.get("messages")
    return isinstance(messages, list) and any(
        isinstance(block, dict) and block.get("type") in _BLOCKS
        for message in messages
        if isinstance(message, dict) and isinstance(message.get("content"), list)
        for block in message["content"]
    )


def _read(row: Field, _options: Options) -> list[Item]:
    answer = row.get("messages") is None
    turns = [row] if answer else row.need("messages").items()
    messages: list[Message] = []
    said: list[dict[str, Any]] = []
    for turn in turns:
        role = turn.need("role").one_of(("user", "assistant", "system"))
        blocks = _blocks(turn.need("content"))
        messages += _ROLES[role](turn, blocks)
        rest = [block.rest("type", *_USED[_kind(block)]) for block in blocks]
        own = {} if answer else besides(turn, "role", "content")
        said.append({**own, **({"blocks": rest} if any(rest) else {})})
    used = ("type", "role", "content") if answer else ("messages",)
    return [whole(_opened(row), messages, *used, turns=said)]


def _blocks(content: Field) -> list[Field]:
    if isinstance(content.value, str):
        return [Field({"type": "text", "text": content.value}, "", content)]
    return content.items()


_USED = {
    "text": ("text",),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id", "content"),
    "thinking": ("thinking",),
}


def _kind(block: Field) -> str:
    kind = block.need("type")
    if not isinstance(kind.value, str) or kind.value not in _USED:
        raise kind.expected(f"one of {', '.join(_USED)}")
    return kind.value


def _text(content: Field) -> str:
    texts = []
    for block in _blocks(content):
        if _kind(block) != "text":
            raise block.need("type").expected("text")
        texts.append(block.need("text").text())
    return "".join(texts)


def _user(turn: Field, blocks: list[Field]) -> Iterator[Message]:
    texts: list[str] = []
    for block in blocks:
        kind = _kind(block)
        if kind == "text":
            texts.append(block.need("text").text())
            continue
        if kind != "tool_result":
            raise block.need("type").expected("text or tool_result in a turn of the user")
        if texts:
            yield turn.message(role="user", content="".join(texts))
            texts = []
        content = block.get("content")
        yield block.message(
            role="tool",
            call_id=block.need("tool_use_id").label(),
            content="" if content is None else _text(content),
        )
    if texts:
        yield turn.message(role="user", content="".join(texts))


_ORDER = ("thinking", "text", "tool_use")


def _assistant(turn: Field, blocks: list[Field]) -> Iterator[Message]:
    last = "thinking"
    texts: list[str] = []
    fields: dict[str, Any] = {}
    for block in blocks:
        kind = _kind(block)
        if kind not in _ORDER or _ORDER.index(kind) < _ORDER.index(last):
            order = "thinking, then text, then calls, their order in a message"
            raise block.need("type").expected(order)
        last = kind
        if kind == "text":
            texts.append(block.need("text").text())
        elif kind == "thinking":
            if "reasoning" in fields:
                raise block.error("expected thinking once, found it twice")
            fields["reasoning"] = block.need("thinking").text()
        else:
            fields.setdefault("tool_calls", []).append(_call(block))
    yield turn.message(role="assistant", content="".join(texts), **fields)


def _call(block: Field) -> dict[str, Any]:
    given = block.need("input")
    if not isinstance(given.value, Mapping):
        raise given.expected("an object")
    return {
        "id": block.need("id").label(),
        "name": block.need("name").label(),
        "arguments": given.made(dumped, given.value),
    }


def _system(turn: Field, blocks: list[Field]) -> Iterator[Message]:
    if any(_kind(block) != "text" for block in blocks):
        raise turn.need("content").expected("text")
    yield turn.message(role="system", content="".join(b.need("text").text() for b in blocks))


_ROLES = {"user": _user, "assistant": _assistant, "system": _system}


def _opened(row: Field) -> Field:
    """The row with its system message as text, and its tools in the shape of OpenAI's API."""
    opened = dict(row.value)
    system, tools = row.get("system"), row.get("tools")
    if system is not None and system.value == []:
        opened["system"] = ""
    elif system is not None:
        opened["system"] = _text(system)
        kept = [block.rest("type", "text") for block in _blocks(system)]
        if any(kept):
            opened["system_blocks"] = kept
    if tools is not None and tools.value != []:
        opened["tools"] = [_tool(tool) for tool in tools.items()]
    return row.replaced(opened)


def _tool(tool: Field) -> dict[str, Any]:
    schema = tool.need("input_schema")
    if not isinstance(schema.value, Mapping) or tool.value.get("type", "custom") != "custom":
        raise tool.expected("a tool definition with an input_schema")
    function = {**tool.rest("input_schema", "type"), "parameters": schema.value}
    return {"type": "function", "function": function}


SCHEMA = Schema(
    source="https://docs.anthropic.com/en/api/messages",
    marks=(("messages",), ("role", "content", "type")),
    fits=_fits,
    read=_read,
)
