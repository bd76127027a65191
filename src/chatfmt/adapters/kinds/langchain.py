"""LangChain's messages, in the forms that it writes, and LangSmith's runs and examples.

Sources: langchain-core, ``messages_to_dict`` (``{"type", "data"}``) and ``dumpd`` (``{"lc", "type",
"id", "kwargs"}``), at https://python.langchain.com/api_reference/core/; LangSmith, "Data formats",
for ``inputs`` and ``outputs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.fields import Field
from chatfmt.adapters.openai import read_messages
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import whole, with_metadata
from chatfmt.conversation.reading import dumped

if TYPE_CHECKING:
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "chat": ""}
_CLASSES = {
    "HumanMessage": "human",
    "AIMessage": "ai",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "ChatMessage": "chat",
}
# Where a run, or an example of a data set, has its messages.
_ASKED = (("inputs", "messages"), ("inputs", "input"))
_ANSWERED = (("outputs", "messages"), ("outputs", "output"), ("outputs", "message"))


def _is_message(value: object) -> bool:
    match value:
        case {"lc": _, "kwargs": _} | {"type": str(), "data": {}}:
            return True
        case [first, *_]:
            return _is_message(first)
    return False


def _fits(row: Mapping[str, Any]) -> bool:
    if isinstance(row.get("inputs"), dict):
        return any(_at(row, path) is not None for path in _ASKED)
    return _is_message(row.get("messages"))


def _at(row: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    value: Any = row
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _read(row: Field, options: Options) -> list[Item]:
    if row.get("inputs") is None:
        messages, said = _messages(row.need("messages"), options, ())
        return [whole(row, messages, "messages", turns=said)]
    messages, said = [], []
    rest: dict[str, Any] = {}
    for paths in (_ASKED, _ANSWERED):
        side = row.get(paths[0][0])
        if side is None or side.value == {}:
            continue
        held = [path for path in paths if _at(row.value, path) is not None]
        if len(held) != 1:
            raise side.expected(f"messages in one of {', '.join(path[1] for path in paths)}")
        more, besides = _messages(side.need(held[0][1]), options, messages)
        messages, said = [*messages, *more], [*said, *besides]
        if others := side.rest(held[0][1]):
            rest[paths[0][0]] = others
    found = whole(row, messages, "inputs", "outputs", turns=said)
    return [with_metadata(found, {**found.metadata, **rest})]


def _messages(
    field: Field, options: Options, before: list[Message] | tuple[()]
) -> tuple[list[Message], list[dict[str, Any]]]:
    value = field.value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        field = field.items()[0]  # a run has a list of batches, usually one
    if isinstance(field.value, str):
        role = "assistant" if before else "user"
        return [field.message(role=role, content=field.value)], [{}]
    items = field.items() if isinstance(field.value, list) else [field]
    if not _is_message(items[0].value):
        plain = Field([item.value for item in items], field.key, field.parent)
        found = list(read_messages(plain, options, after=before))
        return found, [{} for _ in found]
    read = [_message(item) for item in items]
    return [message for message, _ in read], [said for _, said in read]


def _message(item: Field) -> tuple[Message, dict[str, Any]]:
    if item.get("kwargs") is not None:
        name, data = item.need("id"), item.need("kwargs")
        last = name.items()[-1]
        kind = _CLASSES.get(last.label().removesuffix("Chunk"))
        if kind is None:
            raise last.expected(f"one of {', '.join(_CLASSES)}")
    else:
        kind, data = item.need("type").one_of(tuple(_ROLES)), item.need("data")
    role = _ROLES[kind] or data.need("role").label()
    content = data.need("content")
    calls = data.get("tool_calls")
    fields: dict[str, Any] = {"role": role, "content": _text(content)}
    if calls is not None and calls.value != []:
        fields["tool_calls"] = [_call(call) for call in calls.items()]
    if role == "tool":
        fields["call_id"] = data.need("tool_call_id").label()
    if data.get("name") is not None:
        fields["name"] = data.need("name").label()
    if _filled(data, "invalid_tool_calls"):
        raise data.need("invalid_tool_calls").error("expected calls that LangChain could parse")
    extra, reasoning = _additional(data)
    if reasoning is not None:
        fields["reasoning"] = reasoning
    used = ("role", "type", "content", "tool_calls", "invalid_tool_calls", "tool_call_id", "name")
    besides = data.rest(*used, "additional_kwargs")
    return data.message(**fields), {**besides, **({"additional_kwargs": extra} if extra else {})}


def _filled(data: Field, key: str) -> bool:
    found = data.get(key)
    return found is not None and found.value not in ([], {})


def _additional(data: Field) -> tuple[dict[str, Any], str | None]:
    """The members of ``additional_kwargs`` to keep, and the reasoning among them."""
    given = data.get("additional_kwargs")
    if given is None or given.value == {}:
        return {}, None
    for key in ("refusal", "audio"):
        if given.get(key) is not None:
            raise given.need(key).error(
                "a message has no place for it, and dropping it would lose information"
            )
    if (given.get("tool_calls") or given.get("function_call")) and not _filled(data, "tool_calls"):
        raise given.error("expected the calls in tool_calls as well")
    reasoning = given.get("reasoning_content")
    rest = given.rest("reasoning_content")
    return rest, None if reasoning is None else reasoning.text()


def _text(content: Field) -> str:
    if isinstance(content.value, str):
        return content.value
    if content.value == []:
        return ""
    texts = []
    for part in content.items():
        if isinstance(part.value, str):
            texts.append(part.value)
            continue
        part.need("type").one_of(("text",))
        texts.append(part.need("text").text())
    return "".join(texts)


def _call(call: Field) -> dict[str, Any]:
    arguments = call.need("args")
    if not isinstance(arguments.value, Mapping):
        raise arguments.expected("an object")
    for key in call.rest("name", "args", "id", "type"):
        raise call.need(key).error("a call has no place for it")
    return {
        "id": call.value.get("id"),
        "name": call.need("name").label(),
        "arguments": arguments.made(dumped, arguments.value),
    }


SCHEMA = Schema(
    source="https://python.langchain.com/api_reference/core/messages.html",
    marks=(("messages",), ("inputs",)),
    fits=_fits,
    read=_read,
)
