"""Where a conversation can be cut: between turns, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message

__all__ = ["INSTRUCTIONS", "answers", "sections", "turns"]

INSTRUCTIONS = frozenset({"system", "developer"})
"""Roles whose messages hold for all that follows, so they go with no turn."""

_TALKING = INSTRUCTIONS | {"user", "assistant"}


def turns(messages: Sequence[Message]) -> tuple[list[int], list[int]]:
    """The turn in which each message stands, and the one to which it belongs.

    A turn is a user message and all that follows it up to the next one; what is before the
    first user message is turn 0. A tool message belongs to the turn of the call that it answers,
    wherever it stands: that of the assistant message that makes, or is, the call with its
    ``call_id``, or else of the assistant message before it. All others, and one that answers none,
    belong where they stand.

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
    """For each turn in which the assistant speaks, the messages that it writes at a time.

    What follows a message of the user, or the result of a tool, is written at a time.

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
    """Indices of the messages of the shortest parts into which a conversation can be cut.

    Whole turns; several of them where a tool message is in another turn than its call.
    Instructions go with what they are before.

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
