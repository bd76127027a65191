"""The `Conversation` class: messages in order, with tool definitions and metadata."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import AfterValidator, Field, model_serializer, model_validator

from chatfmt.conversation.message import Message, Record, read_with
from chatfmt.conversation.openai import to_openai
from chatfmt.conversation.reading import odd_key, present, refuse_unknown
from chatfmt.conversation.wording import Fault, Path, at, describe, surrogate_in
from chatfmt.json_text import MAX_NESTING, TOO_DEEP

if TYPE_CHECKING:
    from pydantic import ModelWrapValidatorHandler, SerializerFunctionWrapHandler

__all__ = ["Conversation"]


def _refuse_surrogates(value: Any) -> Any:  # noqa: ANN401 - any value
    """Refuse lone surrogates in every text of a value, at any depth."""
    for link, part in _parts(value):
        if isinstance(part, str) and (reason := surrogate_in(part)):
            raise Fault(reason, _path(link))
    return value


def _refuse_what_is_no_json(value: Any) -> Any:  # noqa: ANN401 - any value
    _refuse_deep(value)
    for link, part in _parts(_refuse_surrogates(value)):
        odd = isinstance(part, float) and not math.isfinite(part)
        if odd or not isinstance(part, str | int | float | list | tuple | dict | None):
            raise Fault(f"expected a JSON value, found {describe(part)}", _path(link))
        for key in part if isinstance(part, dict) else ():
            if reason := odd_key(key):
                raise Fault(reason, _path(link))
    return value


def _refuse_deep(value: object) -> None:
    """Refuse what `chatfmt.json_text.loads` would not read back, or what contains itself."""
    waiting = [(_AROUND, value)]
    deepest: dict[int, int] = {}  # of each container: one may be in many places
    while waiting:  # not by recursion: it may be deeper than Python's stack
        depth, part = waiting.pop()
        if isinstance(part, dict | list | tuple) and deepest.get(id(part), 0) < depth:
            deepest[id(part)] = depth
            if depth > MAX_NESTING:
                raise Fault(TOO_DEEP)
            inner = part.values() if isinstance(part, dict) else part
            waiting += [(depth + 1, one) for one in inner]


_AROUND = 2  # levels of JSON from a conversation down to its tools, both included
# The path to a part is kept as links, and written out only when an error needs it.
_Link: TypeAlias = "tuple[_Link, str | int] | None"


def _parts(value: object) -> list[tuple[_Link, object]]:
    """A value and everything inside it, each with its path; keys count as parts, too."""
    parts: list[tuple[_Link, object]] = [(None, value)]
    seen: set[int] = set()  # containers: one may contain itself
    for link, part in parts:
        if id(part) in seen:
            continue
        if isinstance(part, dict | list | tuple):
            seen.add(id(part))
        if isinstance(part, dict):
            parts += [(link, key) for key in part]
            parts += [((link, str(key)), member) for key, member in part.items()]
        elif isinstance(part, list | tuple):
            parts += [((link, index), item) for index, item in enumerate(part)]
    return parts


def _path(link: _Link) -> Path:
    keys: list[str | int] = []
    while link is not None:
        link, key = link
        keys.append(key)
    return tuple(reversed(keys))


def _read_messages(messages: object) -> list[object]:
    # An iterator would be used up the first time it is read.
    if not isinstance(messages, list | tuple):
        raise Fault(f"expected a list of messages, found {describe(messages)}")
    return [at(index, Message._fields_of, message) for index, message in enumerate(messages)]


class Conversation(Record):
    """Messages in order. A conversation may be empty.

    Messages may be given as dicts in the shape of OpenAI's API.

    >>> conversation = Conversation(messages=[{"role": "user", "content": "hello"}])
    >>> conversation.messages[0].content
    'hello'
    >>> Conversation(messages=[{"role": "user", "contents": "hello"}])
    Traceback (most recent call last):
        ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Conversation
    messages.0.contents
      there is no such field; did you mean 'content'? [type=value_error]
    """

    messages: tuple[Message, ...] = ()
    tools: Annotated[tuple[dict[str, Any], ...], AfterValidator(_refuse_what_is_no_json)] = ()
    """Annotation: definitions of the available tools, in the shape of OpenAI's API.

    Some formats write arguments one by one, with strings unquoted, so that a string can look like a
    number. There, the types of the parameters decide how arguments are written."""
    metadata: Annotated[dict[str, Any], AfterValidator(_refuse_surrogates)] = Field(
        default_factory=dict
    )
    """Annotation: anything about the conversation that is not on the wire, such as its source."""

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        return read_with(cls.__name__, value, cls._fields_of, handler)

    @classmethod
    def _fields_of(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            raise Fault(f'expected {{"messages": [...]}}, found {describe(value)}')
        members = present(value)
        for key in members:
            if key == "role" and "messages" not in members:
                raise Fault("expected a list of messages, found one message: put it in a list")
            if key not in cls.model_fields:
                refuse_unknown(key, cls.model_fields)
        if "messages" in members:
            members["messages"] = at("messages", _read_messages, members["messages"])
        if isinstance(members.get("tools"), Iterator):  # it was used up when it was first read
            raise Fault(f"expected a list, found {describe(members['tools'])}", ("tools",))
        return members

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Without tools, the dump is the one that earlier versions wrote and read.
        fields: dict[str, Any] = dump(self)
        if not self.tools:
            fields.pop("tools", None)
        return fields

    def on_wire(self) -> Conversation:
        """The conversation without its annotations: ``decode(encode(c)) == c.on_wire()``.

        >>> Conversation(metadata={"source": "here"}).on_wire()
        Conversation()
        """
        return Conversation(messages=tuple(message.on_wire() for message in self.messages))

    def to_openai(self) -> dict[str, Any]:
        """The conversation in the shape of a request to OpenAI's API: plain dicts.

        The result includes ``tools`` if there are any; `metadata` is left out. Calls that are
        separate messages, as in harmony, are joined with the message that they belong to: see
        ``chatfmt.conversation.harmony.join``. Reading the result back returns the same
        conversation.

        >>> from chatfmt.conversation import ToolCall
        >>> call = ToolCall(name="f", arguments="{}", id="c1")
        >>> chat = Conversation(messages=[Message(role="assistant", tool_calls=(call,))])
        >>> print(chat.to_openai()["messages"])  # doctest: +NORMALIZE_WHITESPACE
        [{'role': 'assistant', 'content': None,
          'tool_calls': [{'id': 'c1', 'type': 'function',
                          'function': {'name': 'f', 'arguments': '{}'}}]}]

        Raises:
            DataError: OpenAI's dicts have no place for a field; names the message and the field.
        """
        tools = {"tools": [dict(tool) for tool in self.tools]} if self.tools else {}
        return {"messages": to_openai(self.messages), **tools}
