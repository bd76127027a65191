"""ShareGPT logs: ``{"conversations": [{"from", "value"}]}``, with ``system`` and ``tools``.

Source: https://github.com/lm-sys/FastChat (data/dummy_conversation.json, fastchat/data) for the
form; https://github.com/hiyouga/LLaMA-Factory, data/README.md, for ``function_call``,
``observation``, ``system`` and ``tools``; https://github.com/axolotl-ai-cloud/axolotl,
docs/dataset-formats/conversation.qmd, for ``train`` and ``weight`` on a turn.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.openai import FUNCTIONS, read_weight, refuse_unknown, write_weight
from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.adapters.turns import Turn, checked_turns
from chatfmt.conversation import Conversation, Message
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options

__all__ = ["SCHEMA"]

_CALL = "function_call"
_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "system": "system",
    "observation": "tool",
    "tool": "tool",
    _CALL: "assistant",
}
_SPEAKERS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}


def _read(row: Field, options: Options) -> list[Item]:
    log = row.need("conversations")
    turns = [(field, message) for field in log.items() for message in _read_turn(field, options)]
    system = row.get("system")
    if system is not None and system.text():  # LLaMA-Factory takes an empty one for none
        turns.insert(0, _system_turn(system, turns))
    messages = checked_turns(log, turns, options)
    return [Conversation(messages=messages, metadata=row.rest("conversations", "system"))]


def _system_turn(system: Field, turns: list[Turn]) -> Turn:
    if turns[0][1].role == "system":
        raise system.error("expected one system message, found a second as the first turn")
    return system, system.message(role="system", content=system.value)


def _read_turn(field: Field, options: Options) -> list[Message]:
    speaker, value, weight = field.need("from"), field.need("value"), read_weight(field)
    roles = {**_ROLES, **options.speakers}
    speaker.label()  # first, for it tells whether this is a turn of this schema at all
    refuse_unknown(field, ("from", "value", "train", "weight"), options)
    if speaker.value not in roles:
        raise speaker.error(
            f"expected one of {', '.join(roles)}, found {speaker.value!r}; "
            f"speakers={{{speaker.value!r}: ROLE}} says whose turn it is"
        )
    role = roles[speaker.value]
    given = _read_calls(value) if speaker.value == _CALL else [{"content": value.text()}]
    return [field.message(role=role, weight=weight, **fields) for fields in given]


def _read_calls(value: Field) -> list[dict[str, str]]:
    """One call, or a list of parallel ones, as LLaMA-Factory's data/formatter.py takes it."""
    try:
        return [_read_call(spelled) for spelled in _objects(value.text())]
    except (ValueError, KeyError, RecursionError):
        raise value.expected(
            'JSON such as {"name": "f", "arguments": {"x": 1}}, or a list of that'
        ) from None


def _read_call(spelled: str) -> dict[str, str]:
    members = _members(spelled)
    name, arguments = json.loads(members.pop("name")), members.pop("arguments")
    if not isinstance(name, str) or not name or members:
        raise ValueError(spelled)
    # Some writers put the arguments as a text that holds JSON, as OpenAI does.
    content = json.loads(arguments) if arguments.startswith('"') else arguments
    return {"recipient": FUNCTIONS + name, "content": content}


def _objects(text: str) -> list[str]:
    """The objects of a JSON text, each as it is spelled: it is one, or a list of some."""
    value = json.loads(text)
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, dict) for item in items):
        raise ValueError(text)
    objects, at = [], 0
    for _ in items:
        # The text is valid, so between objects nothing else has a brace.
        start = text.index("{", at)
        _, at = json.JSONDecoder().raw_decode(text, start)
        objects.append(text[start:at])
    return objects


def _members(text: str) -> dict[str, str]:
    """The members of a JSON object, each value as it is spelled: arguments are kept verbatim."""
    decode = json.JSONDecoder().raw_decode
    members: dict[str, str] = {}
    # The text is valid, so the next quote opens a key, and a colon follows it.
    at = text.find('"')
    while at >= 0:
        key, at = decode(text, at)
        start = text.index(":", at) + 1
        while text[start].isspace():
            start += 1
        _, at = decode(text, start)
        if key in members:
            raise ValueError(text)
        members[key] = text[start:at]
        at = text.find('"', at)
    return members


def _write(item: Item) -> dict[str, Any]:
    if isinstance(item, Preference):
        raise DataError('expected a conversation, found a preference; schema="preference" fits')
    if taken := {"conversations", "system"} & item.metadata.keys():
        raise DataError("would be taken for the conversation", field=f"metadata.{min(taken)}")
    turns = [_write_turn(message, index) for index, message in enumerate(item.messages)]
    return {"conversations": turns, **item.metadata}


def _write_turn(message: Message, index: int) -> dict[str, Any]:
    for name in ("name", "channel", "content_type", "reasoning"):
        if getattr(message, name) is not None:
            raise DataError(f"ShareGPT has no place for {name}", field=f"messages[{index}].{name}")
    if message.role not in _SPEAKERS:
        roles = ", ".join(_SPEAKERS)
        raise DataError(
            f"expected one of {roles}, found {message.role!r}", field=f"messages[{index}].role"
        )
    if message.recipient is None:
        speaker, value = _SPEAKERS[message.role], message.content
    else:
        speaker, value = _CALL, _write_call(message, index)
    return {"from": speaker, "value": value, **write_weight(message)}


def _write_call(message: Message, index: int) -> str:
    prefix, _, name = (message.recipient or "").partition(FUNCTIONS)
    if prefix or not name or message.role != "assistant":
        raise DataError(
            "expected a call of the assistant to functions.NAME, found "
            f"{message.recipient!r} in a message of role {message.role!r}",
            field=f"messages[{index}].recipient",
        )
    try:
        is_object = isinstance(json.loads(message.content), dict)
    except (ValueError, RecursionError):
        is_object = False
    # Arguments that are no object stand as a text, so that any spelling comes back.
    exact = is_object and message.content.strip() == message.content
    arguments = message.content if exact else json.dumps(message.content, ensure_ascii=False)
    return f'{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": {arguments}}}'


SCHEMA = Schema(
    source="https://github.com/lm-sys/FastChat",
    marks=(("conversations",),),
    read=_read,
    write=_write,
)
