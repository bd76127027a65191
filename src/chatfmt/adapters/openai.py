"""Read and write OpenAI's chat messages, the schema that others build on.

Source: the OpenAI API reference, "Create chat completion" (messages, tool calls, the deprecated
``function_call``), at https://platform.openai.com/docs/api-reference;
``reasoning_content`` is DeepSeek's, see https://api-docs.deepseek.com/guides/reasoning_model;
`chatfmt.conversation.switches` has the sources of ``weight`` and similar members.

`chatfmt.conversation.reading` reads each message, as it does everywhere. For a row, this module
also checks that the role has no members but OpenAI's, that there is content if there are no calls,
and the policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.call_ids import unanswerable
from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.adapters.whole import check_metadata, whole
from chatfmt.conversation import Conversation, Message
from chatfmt.conversation.openai import to_openai
from chatfmt.conversation.reading import MEDIA, list_in_text, read_fields, refuse_media
from chatfmt.conversation.switches import SWITCHES, weight_of
from chatfmt.conversation.wording import NO_SUCH_FIELD, Fault, did_you_mean
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options

__all__ = [
    "SCHEMA",
    "TALKING",
    "read_conversation",
    "read_messages",
    "read_weight",
    "refuse_unknown",
    "write_conversation",
    "write_messages",
]

_COMMON = ("role", "content", "name", *SWITCHES)
_CALLS = ("tool_calls", "function_call")
_REASONING = ("reasoning_content", "reasoning", "thinking")
# The members that a message of each role may have.
_FIELDS = {
    "system": dict.fromkeys(_COMMON),
    "developer": dict.fromkeys(_COMMON),
    "user": dict.fromkeys(_COMMON),
    "assistant": dict.fromkeys((*_COMMON, *_CALLS, *_REASONING)),
    "tool": dict.fromkeys((*_COMMON, "tool_call_id")),
    "function": dict.fromkeys(_COMMON),
}
_ROLES = tuple(_FIELDS)  # a role may be any JSON value: a list cannot be looked up in a dict


def refuse_unknown(field: Field, known: Collection[str], options: Options) -> None:
    """Refuse members that have no place, unless the options drop them."""
    for key, member in field.members().items():
        if key not in known and key not in MEDIA:
            field.made(_UNKNOWN[options.unknown_fields], key, known)
        elif key not in known:
            field.made(refuse_media, key, member)


_MEANT = frozenset({"annotations", "mask", "prefix", "refusal", "train_detail"})
"""Members that have no place but carry meaning, so no error suggests dropping them.

Sources: ``refusal`` and ``annotations``: the OpenAI API reference; ``train_detail``: axolotl,
docs/dataset-formats/conversation.qmd; ``prefix``: DeepSeek's "Chat prefix completion"; ``mask``:
NeMo, "Prepare data for chat models".
"""


def _refuse(key: str, known: Collection[str]) -> None:
    if key in _MEANT:
        raise Fault("a message has no place for it, and dropping it would lose information", (key,))
    raise Fault(
        f"{NO_SUCH_FIELD}{did_you_mean(key, known)}; "
        'pass unknown_fields="drop" to leave such members out',
        (key,),
    )


def _drop(_key: str, _known: Collection[str]) -> None:
    """Leave a member out."""


_UNKNOWN = {"refuse": _refuse, "drop": _drop}


def read_weight(field: Field) -> float | None:
    """The factor for a message's loss, under any of the names in `SWITCHES`."""
    weight: float | None = field.made(weight_of, field.value)
    return weight


def read_messages(
    messages: Field, options: Options, *, after: Sequence[Message] = ()
) -> tuple[Message, ...]:
    """The messages of a list that comes after others, whose calls its results may answer."""
    ids = _Ids(options)
    for message in after:
        ids.made.update(call.id for call in message.tool_calls if call.id is not None)
    messages.value = list_in_text(messages.value)
    return tuple(_read_message(item, options, ids) for item in messages.items())


class _Ids:
    """The ids of the calls so far, which later results must answer."""

    def __init__(self, options: Options) -> None:
        self.policy = options.call_ids
        self.made: set[str] = set()
        self.with_ids: bool | None = None
        """Whether the calls so far have ids; None before the first."""

    def check_calls(self, calls: Field) -> None:
        """Refuse calls if one lacks an id that it needs, or two have the same id."""
        ids = [item.need("id") for item in calls.items()]
        if self.with_ids is None:
            self.with_ids = ids[0].value is not None
        for identifier in ids:
            wanted = self.policy == "require" or (self.policy == "consistent" and self.with_ids)
            if wanted or identifier.value is not None:
                identifier.label()
            if self.policy == "consistent" and identifier.value is not None and not self.with_ids:
                raise identifier.error(
                    "expected no id, since earlier calls have none, "
                    f'found {shown(identifier.value)}; pass call_ids="optional" to accept it'
                )
        given = [identifier.value for identifier in ids if identifier.value is not None]
        if len(set(given)) < len(given):
            raise calls.error("expected a different id for each call, found one twice")
        self.made.update(given)

    def check_result(self, identifier: Field) -> None:
        """Refuse a result that does not name an earlier call, unless it need not name one."""
        lenient = self.policy == "consistent" and not self.made
        optional = lenient or self.policy in ("optional", "make")
        if identifier.value is None and optional:
            return
        if identifier.label() not in self.made:
            raise identifier.error(unanswerable(identifier.value, self.made))


def _members(field: Field) -> dict[str, Any]:
    members = field.members()
    if isinstance(members.get("tool_calls"), str):
        members["tool_calls"] = list_in_text(members["tool_calls"])
        field.value = members
    return members


def _role(field: Field, options: Options) -> str:
    """The role that the options give to a speaker."""
    known: dict[str, str] = dict(options.speakers)
    if not isinstance(field.value, str) or field.value not in known:
        raise field.expected(f"one of {', '.join([*_ROLES, *known])}")
    return known[field.value]


def _read_message(field: Field, options: Options, ids: _Ids) -> Message:
    members = _members(field)
    role = members.get("role")
    if role not in _ROLES:
        role = members["role"] = _role(field.need("role"), options)
    if role in TALKING and members.keys() == _PLAIN and isinstance(members["content"], str):
        return field.message(**members)  # true of most messages, so it is worth a shortcut
    known = _FIELDS[role]
    if not members.keys() <= known.keys():
        refuse_unknown(field, known, options)
        members = {key: value for key, value in members.items() if key in known}
    weight = read_weight(field)
    members = {key: value for key, value in members.items() if key not in SWITCHES}
    fields = field.made(
        read_fields, members, Message.model_fields, _UNKNOWN[options.unknown_fields]
    )
    fields["weight"] = weight
    calls = fields.get("tool_calls")
    if "content" not in members and not calls:
        raise field.need("content").expected("text")
    if "name" in members or role == "function":
        field.need("name").label()
    if role == "tool":
        ids.check_result(field.need("tool_call_id"))
    if role == "function":
        fields["role"] = "tool"
    if calls:
        _check_calls(field, options, ids)
    if options.text_parts == "refuse" and isinstance(members.get("content"), list):
        parts = len(members["content"])
        raise field.need("content").error(
            f'expected text, found {parts} text parts; pass text_parts="join" to join them'
        )
    return field.message(**fields)


TALKING = frozenset({"system", "developer", "user", "assistant"})
"""Roles whose messages may have nothing but text."""
_PLAIN = {"role", "content"}


def _check_calls(field: Field, options: Options, ids: _Ids) -> None:
    several = field.get("tool_calls")
    if several is None or not several.value:
        functions = [field.need("function_call")]
    else:
        ids.check_calls(several)
        functions = [item.get("function") or item for item in several.items()]
    for function in functions:
        function.need("name").label()
        arguments = function.need("arguments")
        if options.object_arguments == "refuse" and isinstance(arguments.value, Mapping):
            raise arguments.error(
                'expected text, found an object; pass object_arguments="dump" to write it as JSON'
            )


def read_conversation(row: Field, options: Options) -> Conversation:
    """The conversation of an object that has ``messages`` and perhaps ``tools``."""
    messages = read_messages(row.need("messages"), options)
    return whole(row, messages, "messages")


def _read(row: Field, options: Options) -> list[Item]:
    return [read_conversation(row, options)]


def write_messages(messages: Sequence[Message], path: str = "messages") -> list[dict[str, Any]]:
    """The same messages as OpenAI's JSON."""
    for index, message in enumerate(messages):
        calls = message.tool_calls
        texts = [("name", message.name), ("call_id", message.call_id)]
        texts += [(f"tool_calls[{at}].name", call.name) for at, call in enumerate(calls)]
        texts += [(f"tool_calls[{at}].id", call.id) for at, call in enumerate(calls)]
        for name, text in texts:
            if text == "":
                reason = "OpenAI's JSON has no place for empty text here"
                raise DataError(reason, field=f"{path}[{index}].{name}")
    return to_openai(messages, path)


def write_conversation(conversation: Conversation, path: str = "") -> dict[str, Any]:
    """A row of the conversation; its metadata becomes further members."""
    check_metadata(conversation, path, "messages")
    tools = {"tools": list(conversation.tools)} if conversation.tools else {}
    messages = write_messages(conversation.messages, f"{path}messages")
    return {"messages": messages, **tools, **conversation.metadata}


def _write(item: Item) -> dict[str, Any]:
    if isinstance(item, Preference):
        raise DataError('expected a conversation, found a preference; pass schema="preference"')
    return write_conversation(item)


SCHEMA = Schema(
    source="https://platform.openai.com/docs/api-reference/chat/create",
    marks=(("messages",),),
    read=_read,
    write=_write,
)
