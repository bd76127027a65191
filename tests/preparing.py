"""The words of a preparation over a few messages, and the result of applying changes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import Conversation, Message, RenderError, ToolCall
from chatfmt.prepare.prepared import prepare
from chatfmt.prepare.words import read_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Change, Prepared

__all__ = ["TOOL", "call", "refused", "replay", "rewrite", "said", "turns"]

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f", "description": "é"}}

Word = dict[str, Any]


def turns(*said: str | Message) -> tuple[Message, ...]:
    """Messages: ``"user: hello"``, or whole ones."""
    made = []
    for one in said:
        if isinstance(one, str):
            role, _, content = one.partition(": ")
            made.append(Message(role=role, content=content))
        else:
            made.append(one)
    return tuple(made)


def call(name: str = "f", call_id: str | None = None) -> ToolCall:
    """A call of a tool, without arguments."""
    return ToolCall(name=name, arguments="{}", id=call_id)


def rewrite(words: Sequence[Word], *given: str | Message, **asked: Any) -> Prepared:
    """What the words make of the messages."""
    return prepare("mine", read_words(words), Conversation(messages=turns(*given)), **asked)


def said(prepared: Conversation) -> list[str]:
    """The messages of a conversation, as `turns` takes them."""
    return [f"{message.role}: {message.content}" for message in prepared.messages]


def refused(words: Sequence[Word], *given: str | Message, **asked: Any) -> RenderError:
    """The error with which the words refuse the messages."""
    with pytest.raises(RenderError) as caught:
        rewrite(words, *given, **asked)
    assert caught.value.format == "mine"
    return caught.value


def replay(
    given: Sequence[Message], changes: Sequence[Change]
) -> tuple[dict[int, Message], list[Message]]:
    """What the changes make of the messages: those given that are left, by index, and those added.

    Each change has to find what it says was there before.
    """
    left = dict(enumerate(given))
    added: list[Message] = []
    for message, field, word, before, after, _place in changes:
        assert before != after, (field, word)
        if message is None and before is None and isinstance(after, Message):
            added.append(after)
        elif message is None and field == "message":
            added.remove(_whole(before))
        elif (message, field, after) == (None, "tools", None):
            assert word == "tools"  # definitions without a place are no part of any message
        elif message is None:
            at = next(i for i, one in enumerate(added) if getattr(one, field) == before)
            added[at] = added[at].model_copy(update={field: after})
        elif field == "message":
            assert left.pop(message) == before
            assert after is None
        else:
            assert getattr(left[message], field) == before
            left[message] = left[message].model_copy(update={field: after})
    return left, added


def _whole(value: object) -> Message:
    assert isinstance(value, Message)
    return value
