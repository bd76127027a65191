"""OpenAI's chat messages, read and written: the schema that the others lead to.

Source: the OpenAI API reference, "Create chat completion" (messages, tool calls, the deprecated
``function_call``) and "Fine-tuning, training format for chat models" (``weight``), at
https://platform.openai.com/docs/api-reference; ``train`` on a message is axolotl's, see
https://github.com/axolotl-ai-cloud/axolotl, docs/dataset-formats/conversation.qmd;
``reasoning_content`` is DeepSeek's, see https://api-docs.deepseek.com/guides/reasoning_model.

A tool call becomes a message of its own to ``functions.NAME``, whose content is the arguments
as they are spelled; its result becomes a ``tool`` message with the same ``call_id``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.conversation import Conversation, Message
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options

__all__ = [
    "FUNCTIONS",
    "SCHEMA",
    "read_messages",
    "read_weight",
    "refuse_unknown",
    "write_messages",
    "write_weight",
]

FUNCTIONS = "functions."  # what stands before the name of a function in a recipient

_COMMON = ("role", "content", "name", "weight", "train")
# What a message of each role may have. The keys are the roles.
_FIELDS = {
    "system": _COMMON,
    "developer": _COMMON,
    "user": _COMMON,
    "assistant": (*_COMMON, "tool_calls", "function_call", "reasoning_content"),
    "tool": (*_COMMON, "tool_call_id"),
    "function": _COMMON,
}


def refuse_unknown(field: Field, known: tuple[str, ...], options: Options) -> None:
    """Refuse members that there is no place for, unless the options drop them."""
    if options.unknown_fields == "refuse":
        for key in field.rest(*known):
            raise field.need(key).error(
                "there is no place for this member in a message; "
                'unknown_fields="drop" leaves such members out'
            )


def read_weight(field: Field) -> float | None:
    """The factor of a message's loss: ``weight``, or axolotl's ``train``."""
    weight, train = field.get("weight"), field.get("train")
    if weight is not None and train is not None:
        raise train.error("expected weight or train, found both")
    if train is not None:
        if not isinstance(train.value, bool):
            raise train.expected("true or false")
        return float(train.value)
    if weight is not None:
        if isinstance(weight.value, bool) or not isinstance(weight.value, int | float):
            raise weight.expected("a number such as 0 or 1")
        try:
            return float(weight.value)
        except OverflowError:
            raise weight.error("expected a number that fits a double, found a larger one") from None
    return None


def write_weight(message: Message) -> dict[str, float]:
    """The member that says a message's weight, if it has one."""
    weight = message.weight
    if weight is None:
        return {}
    return {"weight": int(weight) if weight.is_integer() else weight}


def read_messages(
    messages: Field, options: Options, *, after: Sequence[Message] = ()
) -> tuple[Message, ...]:
    """The messages of a list, and ``after`` others: a call's result must follow the call."""
    made = {m.call_id for m in after if m.role == "assistant" and m.call_id is not None}
    return tuple(
        message for item in messages.items() for message in _read_message(item, options, made)
    )


def _read_message(field: Field, options: Options, made: set[str]) -> list[Message]:
    role = field.need("role").one_of(tuple(_FIELDS))
    refuse_unknown(field, _FIELDS[role], options)
    name = field.get("name")
    common = {"name": name and name.label(), "weight": read_weight(field)}
    return _READ_BY_ROLE.get(role, _read_plain)(field, options, made, common)


def _read_plain(
    field: Field, options: Options, _made: set[str], common: dict[str, Any]
) -> list[Message]:
    return [field.message(role=field.value["role"], content=_content(field, options), **common)]


def _read_assistant(
    field: Field, options: Options, made: set[str], common: dict[str, Any]
) -> list[Message]:
    calls = _calls(field, options)
    has_content = field.get("content") is not None
    messages = []
    # "" beside calls is how some writers spell null: there is no message without text to train.
    if not calls or (has_content and _content(field, options)):
        messages.append({"content": _content(field, options)})
    messages += calls
    made.update(call["call_id"] for call in calls if call["call_id"] is not None)
    reasoning = field.get("reasoning_content")
    if reasoning is not None:
        messages[0]["reasoning"] = reasoning.text()
    return [field.message(role="assistant", **message, **common) for message in messages]


def _read_tool(
    field: Field, options: Options, made: set[str], common: dict[str, Any]
) -> list[Message]:
    call_id = field.need("tool_call_id")
    if call_id.value is None and options.call_ids == "optional":
        return [field.message(role="tool", content=_content(field, options), **common)]
    if call_id.label() not in made:
        before = ", ".join(map(repr, sorted(made))) or "none"
        raise call_id.error(
            f"expected the id of an earlier call ({before}), found {call_id.value!r}"
        )
    content = _content(field, options)
    return [field.message(role="tool", content=content, call_id=call_id.value, **common)]


def _read_function(
    field: Field, options: Options, _made: set[str], common: dict[str, Any]
) -> list[Message]:
    field.need("name").label()
    return [field.message(role="tool", content=_content(field, options), **common)]


_READ_BY_ROLE = {"assistant": _read_assistant, "tool": _read_tool, "function": _read_function}


def _calls(field: Field, options: Options) -> list[dict[str, Any]]:
    several, single = field.get("tool_calls"), field.get("function_call")
    if several is not None and single is not None:
        raise single.error("expected tool_calls or function_call, found both")
    if single is not None:
        return [{**_function(single, options), "call_id": None}]
    if several is None or several.value == []:
        return []
    calls = [_tool_call(item, options) for item in several.items()]
    ids = [call["call_id"] for call in calls if call["call_id"] is not None]
    if len(set(ids)) < len(ids):
        raise several.error("expected a different id for each call, found one twice")
    return calls


def _tool_call(field: Field, options: Options) -> dict[str, Any]:
    field.need("type").one_of(("function",))
    refuse_unknown(field, ("id", "type", "function"), options)
    call_id = field.need("id")
    if call_id.value is not None or options.call_ids == "require":
        call_id.label()
    return {**_function(field.need("function"), options), "call_id": call_id.value}


def _function(field: Field, options: Options) -> dict[str, Any]:
    refuse_unknown(field, ("name", "arguments"), options)
    arguments = field.need("arguments")
    if isinstance(arguments.value, dict):
        if options.object_arguments == "refuse":
            raise arguments.error(
                'expected text, found an object; object_arguments="dump" writes it as JSON'
            )
        content = json.dumps(arguments.value, ensure_ascii=False)
    else:
        content = arguments.text()
    return {"recipient": FUNCTIONS + field.need("name").label(), "content": content}


def _content(field: Field, options: Options) -> str:
    content = field.need("content")
    if not isinstance(content.value, list):
        return content.text()
    texts = [_part(part) for part in content.items()]
    if options.text_parts == "refuse":
        raise content.error(
            f'expected text, found {len(texts)} text parts; text_parts="join" joins them'
        )
    return "".join(texts)


def _part(part: Field) -> str:
    kind = part.need("type").label()
    if kind != "text":
        raise part.error(f"expected a part of type 'text', found {kind!r}: only text is carried")
    return part.need("text").text()


def _read(row: Field, options: Options) -> list[Item]:
    messages = read_messages(row.need("messages"), options)
    return [Conversation(messages=messages, metadata=row.rest("messages"))]


def write_messages(messages: Sequence[Message], path: str = "messages") -> list[dict[str, Any]]:
    """The same messages as OpenAI's JSON; calls go back into the message that made them."""
    written: list[dict[str, Any]] = []
    before: Message | None = None
    for index, message in enumerate(messages):
        _refuse_unwritable(message, f"{path}[{index}]")
        if message.recipient is None:
            written.append(_write_plain(message))
        elif before is not None and _same_turn(before, message) and not _has_call(written, message):
            written[-1].setdefault("tool_calls", []).append(_write_call(message))
        else:
            head = {"role": "assistant", "content": None, **_write_common(message)}
            written.append({**head, "tool_calls": [_write_call(message)]})
        before = message
    return [_with_deprecated_call(row) for row in written]


def _same_turn(before: Message, call: Message) -> bool:
    # An empty text would be lost beside a call, so it stays a message of its own.
    return (
        before.role == "assistant"
        and (before.recipient is not None or before.content != "")
        and (before.name, before.weight) == (call.name, call.weight)
        and call.reasoning is None
    )


def _has_call(written: list[dict[str, Any]], call: Message) -> bool:
    """Whether the last message has a call with this one's id: some writers know only one."""
    ids = [made.get("id") for made in written[-1].get("tool_calls", ())]
    return call.call_id is not None and call.call_id in ids


def _refuse_unwritable(message: Message, path: str) -> None:
    """OpenAI's JSON has no place for some fields, and for others only in some roles."""
    assistant = message.role == "assistant"
    call = assistant and _function_name(message) != ""
    places = {
        "role": message.role in _FIELDS and message.role != "function",
        "channel": message.channel is None,
        "content_type": message.content_type is None,
        "recipient": message.recipient is None or call,
        "reasoning": message.reasoning is None or assistant,
        "call_id": message.call_id is None or call or message.role == "tool",
        "name": message.name != "",
    }
    for name, fits in places.items():
        if not fits:
            value = getattr(message, name)
            raise DataError(
                f"OpenAI's JSON has no place for {name} {value!r} in a message of "
                f"role {message.role!r}",
                field=f"{path}.{name}",
            )


def _write_common(message: Message) -> dict[str, Any]:
    name = {} if message.name is None else {"name": message.name}
    reasoning = {} if message.reasoning is None else {"reasoning_content": message.reasoning}
    return {**name, **reasoning, **write_weight(message)}


def _write_plain(message: Message) -> dict[str, Any]:
    answer = {} if message.call_id is None else {"tool_call_id": message.call_id}
    # Only the deprecated form names the function and has no id.
    deprecated = message.role == "tool" and message.name is not None and not answer
    role = "function" if deprecated else message.role
    return {"role": role, "content": message.content, **answer, **_write_common(message)}


def _write_call(message: Message) -> dict[str, Any]:
    call_id = {} if message.call_id is None else {"id": message.call_id}
    function = {"name": _function_name(message), "arguments": message.content}
    return {**call_id, "type": "function", "function": function}


def _function_name(message: Message) -> str:
    prefix, _, name = (message.recipient or "").partition(FUNCTIONS)
    return "" if prefix else name


def _with_deprecated_call(row: dict[str, Any]) -> dict[str, Any]:
    match row.get("tool_calls"):
        case [{"function": function, **others}] if "id" not in others:
            kept = {key: value for key, value in row.items() if key != "tool_calls"}
            return {**kept, "function_call": function}
    return row


def _write(item: Item) -> dict[str, Any]:
    if isinstance(item, Preference):
        raise DataError('expected a conversation, found a preference; schema="preference" fits')
    if "messages" in item.metadata:
        raise DataError("would be written over by the messages", field="metadata.messages")
    return {"messages": write_messages(item.messages), **item.metadata}


SCHEMA = Schema(
    source="https://platform.openai.com/docs/api-reference/chat/create",
    marks=(("messages",),),
    read=_read,
    write=_write,
)
