"""Read a message dict into the fields of a `Message`: the only reader of OpenAI's dicts.

Source: the OpenAI API reference, "Create chat completion" (messages, tool calls, the deprecated
``function_call``), at https://platform.openai.com/docs/api-reference; ``reasoning_content`` is
DeepSeek's, see https://api-docs.deepseek.com/guides/reasoning_model, ``reasoning`` OpenRouter's,
see https://openrouter.ai/docs/use-cases/reasoning-tokens, and ``thinking`` is from the template of
gpt-oss, see https://huggingface.co/openai/gpt-oss-20b; Hugging Face templates take arguments as an
object, see https://huggingface.co/docs/transformers/chat_extras.

A null member counts as absent: Arrow fills in nulls, and OpenAI's answers are full of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from chatfmt.conversation.switches import SWITCHES, weight_of
from chatfmt.conversation.wording import NO_SUCH_FIELD, Fault, at, describe, did_you_mean
from chatfmt.errors import DataError, shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = [
    "MEDIA",
    "OTHER_NAMES",
    "Unknown",
    "dumped",
    "is_media",
    "list_in_text",
    "odd_key",
    "present",
    "read_call",
    "read_fields",
    "refuse_media",
    "refuse_unknown",
]

Unknown: TypeAlias = "Callable[[str, Collection[str]], None]"
"""Called for a member that has no place, with its key and the known keys."""

OTHER_NAMES = {
    "function_call": "tool_calls",
    "reasoning_content": "reasoning",
    "thinking": "reasoning",
    "tool_call_id": "call_id",
}
"""Other names of a message's fields, each with the field."""

MEDIA = frozenset(
    {
        *("attachments", "audio", "audios", "documents", "experimental_attachments", "files"),
        *("image", "image_url", "image_urls", "images", "video", "video_url", "videos"),
    }
)
"""Names of members, of a message or a row, that contain something other than text."""

_EMPTY_IN_ANSWERS = "annotations"  # OpenAI's answers have it, usually as an empty list


def refuse_unknown(key: str, known: Collection[str]) -> None:
    """Refuse a member that has no place."""
    raise Fault(NO_SUCH_FIELD + did_you_mean(key, known), (key,))


def is_media(key: str, member: object) -> bool:
    """Whether a member contains media rather than text; an empty one contains nothing.

    >>> is_media("images", ["a.png"]), is_media("images", []), is_media("mood", "glad")
    (True, False, False)
    """
    return key in MEDIA and member not in (None, [], "", {})


def refuse_media(key: str, member: object) -> None:
    """Refuse media, which would be lost."""
    if is_media(key, member):
        raise Fault(f"expected only text, found {key}", (key,))


def list_in_text(value: object) -> object:
    """The list in a JSON text, as text columns store it; any other value is returned unchanged.

    >>> list_in_text('[{"role": "user"}]'), list_in_text("[hm]")
    ([{'role': 'user'}], '[hm]')
    """
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return value
    try:
        return loads(value)
    except DataError:
        return value


def odd_key(key: object) -> str:
    """The message for the key of a member that is not text; empty for one that is.

    >>> odd_key("role"), odd_key(1)
    ('', 'expected text as the key of each member, found the number 1')
    """
    is_text = isinstance(key, str)
    return "" if is_text else f"expected text as the key of each member, found {describe(key)}"


def _refuse_odd(key: object) -> None:
    if reason := odd_key(key):
        raise Fault(reason)


def present(value: object) -> dict[str, Any]:
    """The members of an object without those that are null."""
    if not isinstance(value, Mapping):
        raise Fault(f"expected an object, found {describe(value)}")
    for key in value:
        _refuse_odd(key)
    return {key: member for key, member in value.items() if member is not None}


def read_fields(
    message: Mapping[str, Any],
    own: Collection[str],
    unknown: Unknown = refuse_unknown,
) -> dict[str, Any]:
    """The fields of a message given as a dict; their values are not checked here.

    Args:
        message: a dict in the shape of OpenAI's API.
        own: the names of the fields of a message.
        unknown: called for each member that has no place, with its key and the known keys. It
            raises a `Fault`, or returns to leave the member out.

    Raises:
        Fault: a member cannot be read.

    >>> call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
    >>> read_fields({"content": None, "tool_calls": [call]}, ["content", "tool_calls"])
    {'tool_calls': [{'id': 'c1', 'name': 'f', 'arguments': '{"x": 1}'}]}
    """
    fields: dict[str, Any] = {}
    sources: dict[str, str] = {}
    switched = "weight" in own and not _OTHER_SWITCHES.isdisjoint(message)
    if switched and (weight := weight_of(message)) is not None:
        fields["weight"] = weight
    for key, member in message.items():
        field = OTHER_NAMES.get(key, key)
        if member is None or (switched and key in SWITCHES):
            continue
        if field not in own:
            _refuse_odd(key)
            refuse_media(key, member)
            if key not in MEDIA and (key != _EMPTY_IN_ANSWERS or member != []):
                unknown(key, [*own, *OTHER_NAMES])
            continue
        read = None if isinstance(member, str) and field == "content" else _READ.get(key)
        value = member if read is None else at(key, read, member, unknown)
        if field in fields and fields[field] != []:
            if value not in ([], fields[field]):
                raise Fault(f"expected {sources[field]} or {key}, found both", (key,))
            continue
        fields[field] = value
        sources[field] = key
    return fields


_OTHER_SWITCHES = SWITCHES.keys() - {"weight"}


def _only(members: dict[str, Any], known: tuple[str, ...], unknown: Unknown) -> dict[str, Any]:
    for key in members:
        if key not in known:
            unknown(key, known)
    return members


def _content(content: object, unknown: Unknown) -> object:
    if not isinstance(content, list | tuple):
        return content
    if not content:
        raise Fault("expected a list with at least one element, found a list of 0")
    return "".join(at(index, _part, part, unknown) for index, part in enumerate(content))


def _part(part: object, unknown: Unknown) -> str:
    members = present(part)
    kind = members.get("type")
    if kind != "text":
        found = shown(kind) if isinstance(kind, str) else describe(kind)
        raise Fault(f"expected a part of type 'text', found {found}: only text is carried")
    _only(members, ("type", "text"), unknown)
    text = members.get("text")
    if not isinstance(text, str):
        raise Fault(f"expected text, found {describe(text)}", ("text",))
    return text


def _calls(calls: object, unknown: Unknown) -> object:
    calls = list_in_text(calls)
    if not isinstance(calls, list | tuple):
        raise Fault(f"expected a list of calls, found {describe(calls)}")
    return [
        at(index, read_call, call, unknown) if isinstance(call, Mapping) else call
        for index, call in enumerate(calls)
    ]


def read_call(call: object, unknown: Unknown = refuse_unknown) -> dict[str, Any]:
    """The fields of a tool call given as a dict; see `read_fields`.

    >>> read_call({"type": "function", "function": {"name": "f", "arguments": "{}"}})
    {'name': 'f', 'arguments': '{}'}
    """
    members = present(call)
    kind = members.pop("type", "function")
    if kind != "function":
        raise Fault(f"expected one of function, found {describe(kind)}", ("type",))
    if "function" not in members and "name" not in members:
        raise Fault("expected an object, found nothing", ("function",))
    if "function" not in members:
        return _function(members, ("id", "name", "arguments"), unknown)
    _only(members, ("id", "function"), unknown)
    function = at("function", _function, members["function"], ("name", "arguments"), unknown)
    return {"id": members["id"], **function} if "id" in members else function


def _single_call(function: object, unknown: Unknown) -> object:
    return [_function(function, ("name", "arguments"), unknown)]


def _function(function: object, known: tuple[str, ...], unknown: Unknown) -> dict[str, Any]:
    members = _only(present(function), known, unknown)
    arguments = members.get("arguments")
    if isinstance(arguments, Mapping):
        members["arguments"] = at("arguments", dumped, arguments)
    return {key: members[key] for key in known if key in members}


_READ: dict[str, Callable[[Any, Unknown], object]] = {
    "content": _content,
    "function_call": _single_call,
    "tool_calls": _calls,
}


def dumped(value: Mapping[str, Any]) -> str:
    """An object as JSON text, without null members, which Arrow fills in.

    >>> dumped({"city": "Lund", "unit": None, "days": [1, None]})
    '{"city": "Lund", "days": [1, null]}'

    Raises:
        Fault: it contains something that JSON cannot express.
    """
    try:
        return json.dumps(_without_nulls(value), ensure_ascii=False, allow_nan=False)
    except Fault:
        raise
    except RecursionError:
        raise Fault("expected a JSON value, found too many levels of nesting") from None
    except (TypeError, ValueError) as error:
        raise Fault(f"expected a JSON value, found {str(error)[:80]}") from None


def _without_nulls(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_nulls(member) for key, member in present(value).items()}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    return value
