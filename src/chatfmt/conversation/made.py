"""Messages and conversations of what a reader has read: of values that are known to be valid.

To validate each text once more would be most of the time that a short message takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from chatfmt.conversation.conversation import Conversation
from chatfmt.conversation.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["conversation_of", "message_of", "messages_like"]

_R = TypeVar("_R", bound=BaseModel)

_DEFAULTS = {name: field.default for name, field in Message.model_fields.items()}

_new = object.__new__
# What sets the slots of a frozen model. `model_construct` takes longer than to validate.
_set_fields, _set_given, _set_extra, _set_private = (
    vars(BaseModel)[slot].__set__
    for slot in (
        "__dict__",
        "__pydantic_fields_set__",
        "__pydantic_extra__",
        "__pydantic_private__",
    )
)


def _made(kind: type[_R], fields: dict[str, Any], given: set[str]) -> _R:
    made = _new(kind)
    _set_fields(made, fields)
    _set_given(made, given)
    _set_extra(made, None)
    _set_private(made, None)
    return made


def message_of(fields: dict[str, Any]) -> Message:
    """The result of `Message` for these fields, which include the role.

    >>> message_of({"role": "user", "content": "hello"})
    Message(role='user', content='hello')
    """
    return _made(Message, {**_DEFAULTS, **fields}, {*fields})


def messages_like(fields: dict[str, Any]) -> Callable[[str], Message]:
    """A function that makes messages with these fields, each with its own content.

    >>> user = messages_like({"role": "user"})
    >>> user("hello")
    Message(role='user', content='hello')
    """
    common, given = {**_DEFAULTS, **fields}, {*fields, "content"}

    def make(content: str) -> Message:
        own = common.copy()
        own["content"] = content
        return _made(Message, own, given.copy())

    return make


def conversation_of(messages: Iterable[Message]) -> Conversation:
    """The result of `Conversation` for these messages.

    >>> conversation_of([message_of({"role": "user", "content": "hello"})]).messages
    (Message(role='user', content='hello'),)
    """
    fields = {"messages": (*messages,), "tools": (), "metadata": {}}
    return _made(Conversation, fields, {"messages"})
