"""Where a conversation can be cut: only between turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message

__all__ = ["INSTRUCTIONS", "answers", "sections", "turns"]

INSTRUCTIONS = frozenset({"system", "developer"})
"""Roles of messages that apply to everything after them, so they belong to no turn."""

_TALKING = INSTRUCTIONS | {"user", "assistant"}


def turns(messages: Sequence[Message]) -> tuple[list[int], list[int]]:
    """The turn that contains each message, and the turn to which it belongs.

    A turn is a user message and everything up to the next one; messages before the first user
    message are turn 0. A tool message belongs to the turn of the call that it answers, wherever it
    is: the turn of the assistant message that makes, or is, the call with its ``call_id``, or else
    of the assistant message before it. All other messages, and one that answers no call, belong to
    the turn that contains them.

    >>> from chatfmt import Message
    >>> roles = ["system", "user", "assistant", "user", "tool", "assistant"]
    >>> turns([Message(role=role) for role in roles])
    ([0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 1, 2])
    """
    places: list[int] = []
    homes: list[int] = []
    calls: dict[str, int] = {}
    place = 0
    speaking: int | None = None
    for message in messages:
        place += message.role == "user"
        home = place
        if message.role == "assistant":
            speaking = place
            made = (message.call_id, *(call.id for call in message.tool_calls))
            calls.update({call_id: place for call_id in made if call_id is not None})
        elif message.role not in _TALKING:
            home = calls.get(message.call_id or "", place if speaking is None else speaking)
        places.append(place)
        homes.append(home)
    return places, homes


def answers(messages: Sequence[Message]) -> list[list[range]]:
    """For each turn of the assistant, the groups of messages that it writes in one go.

    Each group follows a message of the user or a tool's result.

    >>> from chatfmt import Message
    >>> roles = ["user", "assistant", "tool", "assistant", "user", "user", "assistant"]
    >>> answers([Message(role=role) for role in roles])
    [[range(1, 2), range(3, 4)], [range(6, 7)]]
    """
    places, _ = turns(messages)
    found: dict[int, list[range]] = {}
    start = 0
    for index, message in enumerate(messages):
        if message.role != "assistant":
            start = index + 1
        elif messages[index + 1 : index + 2] and messages[index + 1].role == "assistant":
            continue
        else:
            found.setdefault(places[index], []).append(range(start, index + 1))
    return [*found.values()]


def sections(messages: Sequence[Message]) -> list[range]:
    """The shortest parts into which a conversation can be cut, as indices of messages.

    Parts are whole turns, or several turns if a tool message is not in the turn of its call.
    Instructions go with the turn that they precede.

    >>> from chatfmt import Message
    >>> roles = ["system", "user", "assistant", "developer", "user", "assistant"]
    >>> sections([Message(role=role) for role in roles])
    [range(0, 3), range(3, 6)]
    """
    places, homes = turns(messages)
    found: list[range] = []
    stop = len(messages)
    earliest = max(homes, default=0)  # the first turn that something after here belongs to
    for index in range(len(messages) - 1, -1, -1):
        earliest = min(earliest, homes[index])
        begins = messages[index].role == "user" and earliest == places[index]
        if not begins:
            continue
        start = index
        while start and messages[start - 1].role in INSTRUCTIONS:
            start -= 1
        found.append(range(start, stop))
        stop = start
    if stop or not found:
        found.append(range(stop))
    return found[::-1]
