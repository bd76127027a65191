"""ShareGPT logs: ``{"conversations": [{"from", "value"}]}``, with ``system`` and ``tools``.

Source: https://github.com/lm-sys/FastChat (data/dummy_conversation.json, fastchat/data) for the
form; https://github.com/hiyouga/LLaMA-Factory, data/README.md, for ``function_call``,
``observation``, ``system`` and ``tools``; https://github.com/axolotl-ai-cloud/axolotl,
docs/dataset-formats/conversation.qmd, for ``train`` and ``weight`` on a turn.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.openai import read_messages, read_weight, refuse_unknown
from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.adapters.turns import Turn, checked_turns
from chatfmt.adapters.whole import check_metadata, whole
from chatfmt.conversation import Message, ToolCall
from chatfmt.conversation.openai import write_weight
from chatfmt.conversation.switches import SWITCHES
from chatfmt.errors import DataError, shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options

__all__ = ["SCHEMA", "read_calls", "read_log", "speaker_role"]

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
    first = log.items()[0].value
    if isinstance(first, dict) and "role" in first and "from" not in first:
        # OpenAI's messages under another name, common in data sets.
        return [whole(row, read_messages(log, options), "conversations")]
    return [whole(row, checked_turns(log, read_log(log, options), options), "conversations")]


def read_log(log: Field, options: Options) -> list[Turn]:
    """The turns of a log, with calls joined to the text before them."""
    return _with_calls([(field, _read_turn(field, options)) for field in log.items()])


def _with_calls(turns: list[Turn]) -> list[Turn]:
    """Join text and the calls in the turn after it into one message of the assistant."""
    joined: list[Turn] = []
    for field, message in turns:
        if joined and _goes_on(joined[-1][1], message):
            begun, before = joined.pop()
            message = before.model_copy(update={"tool_calls": message.tool_calls})  # noqa: PLW2901
            joined.append((begun, message))
        else:
            joined.append((field, message))
    return joined


def _goes_on(before: Message, message: Message) -> bool:
    return (
        message.tool_calls != ()
        and message.content == ""
        and before.role == "assistant"
        and before.content != ""
        and before.tool_calls == ()
        and before.weight == message.weight
    )


def speaker_role(field: Field, options: Options) -> str:
    """The role of a turn's speaker; the members of the turn are checked, too."""
    speaker = field.need("from")
    roles = {**_ROLES, **options.speakers}
    speaker.label()  # first, because it shows whether this is a turn of this schema at all
    refuse_unknown(field, ("from", "value", *SWITCHES), options)
    if speaker.value not in roles:
        raise speaker.error(
            f"expected one of {', '.join(roles)}, found {shown(speaker.value)}; "
            f"pass speakers={{{shown(speaker.value)}: ROLE}}"
        )
    return roles[speaker.value]


def _read_turn(field: Field, options: Options) -> Message:
    speaker, value, weight = field.need("from"), field.need("value"), read_weight(field)
    role = speaker_role(field, options)
    given: dict[str, Any] = (
        {"tool_calls": read_calls(value)} if speaker.value == _CALL else {"content": value.text()}
    )
    return field.message(role=role, weight=weight, **given)


def read_calls(value: Field) -> list[ToolCall]:
    """One call, or a list of parallel ones, as in LLaMA-Factory's data/formatter.py."""
    text = value.text()
    try:
        return [_read_call(spelled) for spelled in _objects(text)]
    except (ValueError, KeyError):
        raise value.expected(
            'JSON such as {"name": "f", "arguments": {"x": 1}}, or a list of such objects'
        ) from None


def _read_call(spelled: str) -> ToolCall:
    members = _members(spelled)
    name, arguments = loads(members.pop("name")), members.pop("arguments")
    if not isinstance(name, str) or not name or members:
        raise ValueError(spelled)
    # Some writers give the arguments as JSON text, as OpenAI does.
    text = loads(arguments) if arguments.startswith('"') else arguments
    return ToolCall(name=name, arguments=text)


def _objects(text: str) -> list[str]:
    """The verbatim objects of a JSON text: one object, or a list of them."""
    value = loads(text)
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, dict) for item in items):
        raise ValueError(text)
    objects, at = [], 0
    for _ in items:
        # The text is valid, so no brace can be between objects.
        start = text.index("{", at)
        _, at = json.JSONDecoder().raw_decode(text, start)
        objects.append(text[start:at])
    return objects


def _members(text: str) -> dict[str, str]:
    """The members of a JSON object, with verbatim values: arguments keep their spelling."""
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
        raise DataError('expected a conversation, found a preference; pass schema="preference"')
    check_metadata(item, "", "conversations")
    tools = {"tools": json.dumps(item.tools, ensure_ascii=False)} if item.tools else {}
    turns = [
        turn
        for index, message in enumerate(item.messages)
        for turn in _write_turns(message, index, item.messages[index - 1] if index else None)
    ]
    return {"conversations": turns, **tools, **item.metadata}


_NO_PLACE = ("name", "channel", "content_type", "reasoning", "recipient", "tools")


def _write_turns(message: Message, index: int, before: Message | None) -> list[dict[str, Any]]:
    where = f"messages[{index}]"
    for name in _NO_PLACE:
        if getattr(message, name) is not None:
            raise DataError(f"ShareGPT has no place for {name}", field=f"{where}.{name}")
    if message.role not in _SPEAKERS:
        roles = ", ".join(_SPEAKERS)
        raise DataError(
            f"expected one of {roles}, found {shown(message.role)}", field=f"{where}.role"
        )
    weight = write_weight(message)
    plain = {"from": _SPEAKERS[message.role], "value": message.content, **weight}
    if not message.tool_calls:
        return [plain]
    if message.role != "assistant":
        raise DataError("expected calls only from the assistant", field=f"{where}.tool_calls")
    if before is not None and _goes_on(before, message):
        raise DataError("would be read back as part of the message before", field=where)
    turn = {"from": _CALL, "value": _write_calls(message.tool_calls, where), **weight}
    return [plain, turn] if message.content else [turn]


def _write_calls(calls: Sequence[ToolCall], where: str) -> str:
    written = [_write_call(call, f"{where}.tool_calls[{at}]") for at, call in enumerate(calls)]
    return written[0] if len(written) == 1 else f"[{', '.join(written)}]"


def _write_call(call: ToolCall, where: str) -> str:
    if not call.name:
        raise DataError("expected text that is not empty, found none", field=f"{where}.name")
    # Arguments that are not an object are written as text, so that any spelling survives.
    exact = _is_object(call.arguments) and call.arguments.strip() == call.arguments
    arguments = call.arguments if exact else json.dumps(call.arguments, ensure_ascii=False)
    return f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {arguments}}}'


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except DataError:
        return False


SCHEMA = Schema(
    source="https://github.com/lm-sys/FastChat",
    marks=(("conversations",),),
    read=_read,
    write=_write,
)
