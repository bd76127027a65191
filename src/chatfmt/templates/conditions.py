"""Conditions on a conversation under which an imported format writes what its template does.

This list is closed. A condition is a question about a conversation; `needed` finds a few that
together exclude every difference.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.templates.asks import Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatfmt.conversation import Conversation, Message
    from chatfmt.templates.compare import Difference

__all__ = ["CONDITIONS", "MARKS", "Condition", "needed"]


class Condition(NamedTuple):
    """A condition that must hold, and the smallest conversation that shows why.

    >>> from chatfmt.conversation import Conversation, Message
    >>> chat = Conversation(messages=(Message(role="user", content=" "),))
    >>> Condition("NO_SYSTEM", None).holds(chat), Condition("ALTERNATES", None).holds(chat)
    (True, True)
    """

    kind: str
    """One of the keys of ``chatfmt.templates.conditions.CONDITIONS``."""
    witness: Difference | None

    @property
    def reason(self) -> str:
        """The condition in words.

        >>> Condition("NO_SYSTEM", None).reason
        'there is no system message'
        """
        return CONDITIONS[self.kind][0]

    def holds(self, conversation: Conversation, *, prompt: bool = False) -> bool:
        """Whether the condition holds for a conversation, or for a prompt that follows it."""
        return CONDITIONS[self.kind][1](Ask(conversation, prompt))


def _messages(ask: Ask, role: str | None = None) -> list[Message]:
    return [m for m in ask.conversation.messages if role in (None, m.role)]


def _alternates(ask: Ask) -> bool:
    roles = [message.role for message in ask.conversation.messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    return all(role == ("assistant" if at % 2 else "user") for at, role in enumerate(turns))


def _system_first(ask: Ask) -> bool:
    return all(message.role != "system" for message in ask.conversation.messages[1:])


def _no_runs(ask: Ask) -> bool:
    roles = [message.role for message in ask.conversation.messages]
    return all(one != other for one, other in itertools.pairwise(roles))


def _no_thinking_in_runs(ask: Ask) -> bool:
    pairs = itertools.pairwise(ask.conversation.messages)
    return not any(
        one.role == other.role and (one.reasoning, other.reasoning) != (None, None)
        for one, other in pairs
    )


def _asked(ask: Ask) -> bool:
    roles = {message.role for message in ask.conversation.messages}
    return "user" in roles


def _not_empty(role: str) -> Callable[[Ask], bool]:
    return lambda ask: all(message.content for message in _messages(ask, role))


def _no_edges(role: str) -> Callable[[Ask], bool]:
    return lambda ask: (
        all(m.content.strip() for m in _messages(ask, role))
        and all(m.content == m.content.strip() for m in _messages(ask, role))
    )


MARKS = "MARKS_DIFFER"
"""The kind of the condition that is about weights, not about ids; it always holds."""
_Question = tuple[str, "Callable[[Ask], bool]"]
CONDITIONS: dict[str, _Question] = {
    "NO_THINKING": (
        "no answer has reasoning",
        lambda ask: all(m.reasoning is None for m in _messages(ask)),
    ),
    "NO_BARE_THINKING": (
        "no answer has reasoning but no text",
        lambda ask: all(m.content or m.reasoning is None for m in _messages(ask)),
    ),
    "NO_THINKING_IN_RUNS": (
        "no answer with reasoning comes right before or after another answer",
        _no_thinking_in_runs,
    ),
    "NO_CALLS": (
        "there are no calls, and no results of tools",
        lambda ask: all(not m.tool_calls and m.role != "tool" for m in _messages(ask)),
    ),
    "NO_TOOLS": ("no tools are defined", lambda ask: not ask.conversation.tools),
    "NO_THINK_TAGS": (
        "no answer spells a tag that is around reasoning",
        lambda ask: all("think>" not in m.content for m in _messages(ask, "assistant")),
    ),
    "NO_EMPTY_SYSTEM": ("no system message is empty", _not_empty("system")),
    "NO_EMPTY_QUESTION": ("no message of the user is empty", _not_empty("user")),
    "NO_EMPTY_ANSWER": ("no answer is empty", _not_empty("assistant")),
    "SYSTEM_FIRST": ("a system message comes only at the start", _system_first),
    "ASKED": ("there is a message of the user", _asked),
    "NO_RUNS": ("no two messages in a row have the same role", _no_runs),
    "ALTERNATES": ("user and assistant alternate, the user first", _alternates),
    "NO_BLANK_SYSTEM_EDGES": ("no system message has white space at an edge", _no_edges("system")),
    "NO_BLANK_QUESTION_EDGES": ("no question has white space at an edge", _no_edges("user")),
    "NO_BLANK_ANSWER_EDGES": ("no answer has white space at an edge", _no_edges("assistant")),
    "NO_SYSTEM": ("there is no system message", lambda ask: not _messages(ask, "system")),
    "SYSTEM": ("there is a system message", lambda ask: bool(_messages(ask, "system"))),
    "PROMPT_AFTER_QUESTION": (
        "a prompt follows a question",
        lambda ask: not ask.prompt or ask.conversation.messages[-1].role == "user",
    ),
    "END_DIFFERS": (
        "it is a prompt: the end of a conversation is written differently",
        lambda ask: ask.prompt,
    ),
    "PROMPT_DIFFERS": (
        "it is not a prompt: the end of a prompt is not the beginning of an answer",
        lambda ask: not ask.prompt,
    ),
    MARKS: (
        "weights do not matter: the template marks other text for training",
        lambda _: True,  # the ids are the same
    ),
}
"""Kind to its condition in words and as a function; those that exclude less come first."""


def needed(
    differing: Sequence[Difference], equal: Sequence[Ask]
) -> tuple[list[Condition], list[Difference]]:
    """The conditions that exclude every difference and as few equal conversations as possible.

    Returns:
        The conditions, and the differences that remain although all of them hold.
    """
    if not differing:
        return [], []
    best = max(CONDITIONS, key=partial(_gain, differing, equal))
    if not _gain(differing, equal, best)[1]:
        return [], [*differing]
    holds = CONDITIONS[best][1]
    shown = min((one for one in differing if not holds(one.ask)), key=_size)
    rest = [one for one in differing if holds(one.ask)]
    more, left = needed(rest, [ask for ask in equal if holds(ask)])
    return [Condition(best, shown), *more], left


def _gain(differing: Sequence[Difference], equal: Sequence[Ask], kind: str) -> tuple[float, int]:
    """The share of differences in what it excludes, equal ones counted twice; and their number."""
    holds = CONDITIONS[kind][1]
    explained = sum(not holds(one.ask) for one in differing)
    lost = sum(not holds(ask) for ask in equal)
    return explained / max(explained + 2 * lost, 1), explained


def _size(one: Difference) -> tuple[int, int]:
    messages = one.ask.conversation.messages
    return len(messages), sum(len(message.content) for message in messages)
