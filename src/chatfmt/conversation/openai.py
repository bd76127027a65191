"""Write messages as OpenAI's dicts, which `chatfmt.conversation.reading` reads.

Source: the OpenAI API reference, "Create chat completion", and "Fine-tuning, training format for
chat models" (``weight``), at https://platform.openai.com/docs/api-reference; ``reasoning_content``
is DeepSeek's, see https://api-docs.deepseek.com/guides/reasoning_model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.conversation.harmony import is_split, join
from chatfmt.conversation.wording import describe
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation.message import Message, ToolCall

__all__ = ["to_openai", "write_weight"]

_ROLES = ("system", "developer", "user", "assistant", "tool")


def to_openai(messages: Sequence[Message], path: str = "messages") -> list[dict[str, Any]]:
    """The messages as OpenAI's dicts; calls that are separate messages are joined to their answer.

    >>> from chatfmt import Message
    >>> to_openai([Message(role="assistant", reasoning="2+2", content="4")])
    [{'role': 'assistant', 'content': '4', 'reasoning_content': '2+2'}]

    Raises:
        DataError: a field has no place in them.
    """
    if is_split(messages):
        messages = join(messages, path)
    for index, message in enumerate(messages):
        _refuse_unwritable(message, f"{path}[{index}]")
    return [_write(message) for message in messages]


def _refuse_unwritable(message: Message, path: str) -> None:
    """Refuse fields that have no place, or none in this role."""
    assistant = message.role == "assistant"
    places = {
        "role": message.role in _ROLES,
        "recipient": message.recipient is None,
        "channel": message.channel is None,
        "content_type": message.content_type is None,
        "tools": message.tools is None,
        "reasoning": message.reasoning is None or assistant,
        "tool_calls": message.tool_calls == () or assistant,
        "call_id": message.call_id is None or message.role == "tool",
    }
    for name, fits in places.items():
        if not fits:
            raise DataError(
                f"OpenAI's JSON has no place for it in a message of role {message.role[:40]!r}, "
                f"found {describe(getattr(message, name))}",
                field=f"{path}.{name}",
            )


def _write(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.call_id is not None:
        written["tool_call_id"] = message.call_id
    if message.name is not None:
        written["name"] = message.name
    if message.reasoning is not None:
        written["reasoning_content"] = message.reasoning
    written |= write_weight(message)
    if message.tool_calls:
        written["content"] = message.content or None
        written["tool_calls"] = [_write_call(call) for call in message.tool_calls]
    return written


def write_weight(message: Message) -> dict[str, float]:
    """The member for a message's weight, if it has one."""
    weight = message.weight
    if weight is None:
        return {}
    return {"weight": int(weight) if weight.is_integer() else weight}


def _write_call(call: ToolCall) -> dict[str, Any]:
    identifier = {} if call.id is None else {"id": call.id}
    function = {"name": call.name, "arguments": call.arguments}
    return {**identifier, "type": "function", "function": function}
