"""OpenAI's chat completions, stored or from a batch, and the requests of batches.

Source: the OpenAI API reference, "The chat completion object" and "Batch", at
https://platform.openai.com/docs/api-reference/chat/object; Anthropic, "Message Batches", for
``params`` and ``result``. Each choice is a conversation; a stored completion that includes its
``messages`` is the answer to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.adapters.fields import Field
from chatfmt.adapters.kinds import anthropic, responses
from chatfmt.adapters.openai import read_conversation, read_messages
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import whole, with_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Conversation

__all__ = ["SCHEMA"]

# Where a line of a batch has the request or the answer.
_WRAPS = (("body",), ("response", "body"), ("params",), ("result", "message"))


def _read(row: Field, options: Options) -> list[Item]:
    if row.get("choices") is not None:
        return _choices(row, options)
    inner = row
    for path in _WRAPS:
        held: Field | None = row
        for key in path:
            held = None if held is None else held.get(key)
        if held is not None:
            inner, used = held, path
            break
    else:
        raise row.error("expected a request or an answer, found a line of a batch with neither")
    if not isinstance(inner.value, dict):
        raise inner.expected("an object")
    outer = _outer(row.value, used)
    return [_with(item, outer, inner) for item in _inner(inner, options)]


def _inner(inner: Field, options: Options) -> list[Item]:
    row = inner.value
    if "choices" in row:
        return _choices(inner, options)
    for schema in (responses.SCHEMA, anthropic.SCHEMA):
        if schema.detect(row):
            return schema.read(inner, options)
    return [read_conversation(inner, options)]


def _outer(row: Mapping[str, Any], used: tuple[str, ...]) -> dict[str, Any]:
    """The members of a line around its request or answer."""
    first, *rest = used
    found = {key: value for key, value in row.items() if key != first and value is not None}
    around = _outer(row[first], tuple(rest)) if rest else {}
    return {**found, **({first: around} if around else {})}


def _with(item: Item, outer: dict[str, Any], inner: Field) -> Item:
    if taken := outer.keys() & item.metadata.keys():
        raise inner.need(min(taken)).error(
            "expected it once, found it also on the line around the request or answer"
        )
    return with_metadata(item, {**outer, **item.metadata})


def _choices(row: Field, options: Options) -> list[Item]:
    asked = row.get("messages")
    before = () if asked is None else read_messages(asked, options)
    found: list[Item] = []
    for choice in row.need("choices").items():
        message = choice.need("message")
        if not isinstance(message.value, dict):
            raise message.expected("an object")
        answer = Field([_without_empty(message.value)], message.key, message.parent)
        messages = (*before, *read_messages(answer, options, after=before))
        conversation: Conversation = whole(row, messages, "choices", "messages")
        said = {**conversation.metadata, "choice": choice.rest("message")}
        found.append(with_metadata(conversation, said))
    return found


def _without_empty(message: dict[str, Any]) -> dict[str, Any]:
    """A message without empty lists, such as ``annotations``."""
    return {key: value for key, value in message.items() if value != []}


SCHEMA = Schema(
    source="https://platform.openai.com/docs/api-reference/chat/object",
    marks=(("choices",), ("custom_id", "body"), ("custom_id", "response"), ("custom_id", "params"),
           ("custom_id", "result")),
    read=_read,
)  # fmt: skip
