"""mistral-common's own encoders over a vocabulary that it ships, and messages in their form."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import chatfmt
from heavy import heavy
from vocabularies import file_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatfmt import Conversation, Message

__all__ = ["DEFINITIONS", "VERSIONS", "as_mistral", "tekken_in", "their_encoder", "their_ids"]

VERSIONS = {"mistral-v3": 3, "mistral-v7": 7, "mistral-v11": 11, "mistral-v13": 13}
"""Row to version."""
DEFINITIONS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city, é",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
_LATER = ("[CALL_ID]", "[ARGS]", "[THINK]", "[/THINK]")


def tekken_in(folder: Path) -> Path:
    """The vocabulary, with the names of all special tokens, as a file in a folder."""
    heavy("mistral_common")
    data = json.loads(file_of("mistral-tekken-240911").read_text("utf-8"))
    known = chatfmt.load_encoding(file_of("mistral-tekken-240911")).special_tokens
    named = [token for token in sorted(known, key=known.__getitem__) if "SPECIAL" not in token]
    data["special_tokens"] = [
        {"rank": rank, "token_str": token, "is_control": True}
        for rank, token in enumerate([*named, *_LATER])
    ]
    path = folder / "tekken.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


def as_mistral(message: Message) -> Any:
    given = heavy("mistral_common.protocol.instruct.messages")
    tools = heavy("mistral_common.protocol.instruct.tool_calls")
    if message.role == "system":
        return given.SystemMessage(content=message.content)
    if message.role == "user":
        return given.UserMessage(content=message.content)
    if message.role == "tool":
        return given.ToolMessage(content=message.content, tool_call_id=message.call_id)
    content: Any = message.content or None
    if message.reasoning is not None:
        content = [given.ThinkChunk(thinking=message.reasoning)]
        content += [given.TextChunk(text=message.content)] if message.content else []
    calls = [
        tools.ToolCall(
            id=call.id, function=tools.FunctionCall(name=call.name, arguments=call.arguments)
        )
        for call in message.tool_calls
    ]
    return given.AssistantMessage(content=content, tool_calls=calls or None)


@functools.cache
def their_encoder(path: Path, version: int) -> Any:
    tekken = heavy("mistral_common.tokens.tokenizers.tekken").Tekkenizer.from_file(path)
    instruct = heavy("mistral_common.tokens.tokenizers.instruct")
    return getattr(instruct, f"InstructTokenizerV{version}")(tekken)


def their_ids(
    path: Path, version: int, chat: Conversation, definitions: Sequence[Any] = DEFINITIONS
) -> list[int]:
    """The ids of a conversation, in a version, with definitions of tools where that has them."""
    tools = heavy("mistral_common.protocol.instruct.tool_calls")
    request = heavy("mistral_common.protocol.instruct.request").InstructRequest(
        messages=[as_mistral(message) for message in chat.messages],
        available_tools=[tools.Tool(**definition) for definition in definitions] or None,
    )
    ids: list[int] = their_encoder(path, version).encode_instruct(request).tokens
    return ids
