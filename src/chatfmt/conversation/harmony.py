"""Convert between the usual shape of a conversation and harmony's, where a call is a message.

==================================================  ============================================
a message as harmony messages
==================================================  ============================================
``reasoning``                                       channel ``analysis``
``content``                                         channel ``final``; ``commentary`` before calls
each of ``tool_calls``                              channel ``commentary``, to ``functions.NAME``,
                                                    of type ``json``
role ``tool``                                       the same, named ``functions.NAME``, to
                                                    ``assistant`` in channel ``commentary``
==================================================  ============================================

Source: https://developers.openai.com/cookbook/articles/openai-harmony, on channels, function calls
and preambles. Harmony writes no call ids. Ids that messages carry as ``call_id`` are kept; calls
without one are numbered: ``call_0`` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chatfmt.conversation.message import Message, ToolCall
from chatfmt.conversation.wording import describe
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "CHANNELS",
    "FUNCTIONS",
    "is_split",
    "join",
    "split_each_for_harmony",
    "split_for_harmony",
]

CHANNELS = ("analysis", "commentary", "final")
"""The channels of the assistant's messages."""
FUNCTIONS = "functions."
"""The beginning of a recipient that is a function."""
_RESULT = {"recipient": "assistant", "channel": "commentary"}
_CALL = {"channel": "commentary", "content_type": "json"}


def is_split(messages: Iterable[Message]) -> bool:
    """Whether messages have harmony's shape: at least one has a channel or a recipient.

    >>> is_split([Message(role="assistant", channel="final", content="4")])
    True
    """
    return any(m.channel is not None or m.recipient is not None for m in messages)


# ---- splitting


def split_for_harmony(messages: Iterable[Message]) -> tuple[Message, ...]:
    """The messages in harmony's shape; those already in it are unchanged.

    >>> call = ToolCall(name="f", arguments="{}")
    >>> for message in split_for_harmony([Message(role="assistant", reasoning="hm",
    ...                                           tool_calls=(call,))]):
    ...     print(message)
    role='assistant' content='hm' channel='analysis'
    role='assistant' content='{}' recipient='functions.f' channel='commentary' content_type='json'

    Raises:
        DataError: a result does not name its function.
    """
    return tuple(one for parts in split_each_for_harmony(messages) for one in parts)


def split_each_for_harmony(messages: Iterable[Message]) -> list[tuple[Message, ...]]:
    """The same as `split_for_harmony`, with a separate list for each message.

    >>> [len(parts) for parts in split_each_for_harmony([Message(role="user")])]
    [1]

    Raises:
        DataError: as there; ``field`` begins with ``messages[INDEX].``.
    """
    split: list[list[Message]] = []
    names: dict[str, str] = {}
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        names |= {call.id: call.name for call in message.tool_calls if call.id is not None}
        if is_split([message]):
            split.append([message])
        elif message.role == "assistant":
            split.append(_split_turn(message, where))
        elif message.role == "tool":
            split.append([_named(message, names, where)])
        else:
            split.append([message])
    whole = iter(_without_numbers([one for parts in split for one in parts]))
    return [tuple(next(whole) for _ in parts) for parts in split]


def _split_turn(message: Message, where: str) -> list[Message]:
    for name in ("content_type", "tools", "call_id"):
        if getattr(message, name) is not None:
            reason = "harmony has no place for it in an answer: leave it out"
            raise DataError(reason, field=f"{where}.{name}")
    content, reasoning, calls = message.content, message.reasoning, message.tool_calls
    parts: list[dict[str, Any]] = []
    if reasoning is not None:
        parts.append({"channel": "analysis", "content": reasoning})
    if content or (reasoning is None and not calls):
        parts.append({"channel": "commentary" if calls else "final", "content": content})
    parts += [
        {
            **_CALL,
            "recipient": FUNCTIONS + call.name,
            "content": call.arguments,
            "call_id": call.id,
        }
        for call in calls
    ]
    bare = message.model_copy(update={"reasoning": None, "content": "", "tool_calls": ()})
    return [bare.model_copy(update=part) for part in parts]


def _named(result: Message, names: dict[str, str], where: str) -> Message:
    """A tool's result, named after the function whose call it answers."""
    name = result.name if result.call_id is None else names.get(result.call_id)
    if name is None:
        field, what = ("name", "no") if result.call_id is None else ("call_id", "another")
        reason = f"expected the id of an earlier call or the name of its function, found {what} one"
        raise DataError(reason, field=f"{where}.{field}")
    if result.name not in (None, name):
        reason = f"expected {describe(name)}, which its call has, found {describe(result.name)}"
        raise DataError(reason, field=f"{where}.name")
    return result.model_copy(update={**_RESULT, "name": FUNCTIONS + name})


def _without_numbers(split: list[Message]) -> tuple[Message, ...]:
    """Remove ids that joining would make up again."""
    bare = [
        message.model_copy(update={"call_id": None}) if _function(message) else message
        for message in split
    ]
    try:
        same = _numbered(bare, "") == [m.call_id if _function(m) else None for m in split]
    except DataError:
        same = False
    return tuple(bare if same else split)


# ---- ids


def _function(message: Message) -> str | None:
    """The function, with its prefix, that a harmony message calls or that it is the result of.

    None for any other message.
    """
    place = {"assistant": message.recipient, "tool": message.name if is_split([message]) else None}
    name = place.get(message.role)
    return name if name is not None and name.startswith(FUNCTIONS) else None


def _numbered(messages: Iterable[Message], path: str) -> list[str | None]:
    """Ids for calls and results that have none.

    Calls are numbered; a result belongs to the first call of its function that has no result yet.
    """
    ids: list[str | None] = []
    waiting: dict[str, list[str]] = {}
    calls = 0
    for index, message in enumerate(messages):
        function = _function(message)
        if function is None:
            ids.append(None)
        elif message.role == "assistant":
            ids.append(f"call_{calls}")
            waiting.setdefault(function, []).append(f"call_{calls}")
            calls += 1
        elif waiting.get(function):
            ids.append(waiting[function].pop(0))
        else:
            reason = f"expected an earlier call of {function[:80]!r} without a result, found none"
            raise DataError(reason, field=f"{path}[{index}].name")
    return ids


def _given(messages: Sequence[Message], path: str) -> list[str | None]:
    made: set[str] = set()
    for index, message in enumerate(messages):
        identifier = message.call_id
        if not _function(message):
            continue
        if identifier is None:
            reason = "expected an id, since other calls or results have one, found none"
        elif message.role == "tool" and identifier not in made:
            reason = f"expected the id of an earlier call, found {describe(identifier)}"
        else:
            made.add(identifier)
            continue
        raise DataError(reason, field=f"{path}[{index}].call_id")
    return [message.call_id if _function(message) else None for message in messages]


# ---- joining


@dataclass
class _Turn:
    """An answer of the assistant that is being put together."""

    first: Message
    reasoning: str | None = None
    content: str | None = None
    final: bool = False
    calls: list[ToolCall] = field(default_factory=list)

    def takes(self, message: Message) -> bool:
        """Whether a message continues this answer rather than beginning another."""
        if self.final or message.channel == "analysis":
            return False
        if (message.name, message.weight) != (self.first.name, self.first.weight):
            return False
        if message.recipient is not None:
            return True
        # An empty answer after reasoning starts a new one: reasoning alone is written without it.
        empty = not message.content and self.reasoning is not None
        return self.content is None and not self.calls and not empty

    def add(self, message: Message, identifier: str | None, where: str) -> None:
        """Add a harmony message to the answer."""
        function = _function(message)
        if function is not None:
            name = function.removeprefix(FUNCTIONS)
            self.calls.append(ToolCall(name=name, arguments=message.content, id=identifier))
        elif message.recipient is not None:
            reason = f"expected a call to functions.NAME, found {describe(message.recipient)}"
            raise DataError(reason, field=f"{where}.recipient")
        elif message.channel == "analysis":
            self.reasoning = message.content
        elif message.channel == "commentary" and not message.content:
            reason = "expected text or a call to functions.NAME, found neither"
            raise DataError(reason, field=where)
        elif message.channel in ("commentary", "final"):
            self.content = message.content
            self.final = message.channel == "final"
        else:
            found = describe(message.channel)
            reason = f"expected one of {', '.join(CHANNELS)}, found {found}"
            raise DataError(reason, field=f"{where}.channel")

    def message(self) -> Message:
        """The answer as one message."""
        nothing = dict.fromkeys(("recipient", "channel", "content_type", "call_id"))
        return self.first.model_copy(
            update={
                **nothing,
                "reasoning": self.reasoning,
                "content": self.content or "",
                "tool_calls": tuple(self.calls),
            }
        )


def join(messages: Iterable[Message], path: str = "messages") -> tuple[Message, ...]:
    """The messages with each answer joined into one, and each result with the id of its call.

    >>> split = split_for_harmony([Message(role="assistant", reasoning="hm", content="4")])
    >>> join(split)
    (Message(role='assistant', content='4', reasoning='hm'),)

    Raises:
        DataError: `split_for_harmony` would not return the same messages.
    """
    given = tuple(messages)
    with_ids = any(message.call_id is not None for message in given if _function(message))
    ids = (_given if with_ids else _numbered)(given, path)
    joined: list[Message | _Turn] = []
    for index, (message, identifier) in enumerate(zip(given, ids, strict=True)):
        last = joined[-1] if joined else None
        if message.role == "assistant" and is_split([message]):
            if not isinstance(last, _Turn) or not last.takes(message):
                last = _Turn(message)
                joined.append(last)
            last.add(message, identifier, f"{path}[{index}]")
        elif message.role == "tool" and _function(message):
            nothing = dict.fromkeys(("name", "recipient", "channel"))
            joined.append(message.model_copy(update={**nothing, "call_id": identifier}))
        else:
            joined.append(message)
    whole = tuple(item.message() if isinstance(item, _Turn) else item for item in joined)
    _refuse_lost(given, split_for_harmony(whole), path)
    return whole


def _refuse_lost(given: Sequence[Message], again: Sequence[Message], path: str) -> None:
    for index, (before, after) in enumerate(zip(given, again, strict=True)):
        for name in Message.model_fields:
            value, other = getattr(before, name), getattr(after, name)
            if value != other and name != "call_id":  # made-up ids are left out again
                raise DataError(
                    f"expected {describe(other)}, which harmony has in this place, found "
                    f"{describe(value)}: it would be lost where messages are joined",
                    field=f"{path}[{index}].{name}",
                )
