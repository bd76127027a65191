"""Shorten a conversation that is too long by dropping its oldest turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import ContextOverflowError
from chatfmt.training.turns import INSTRUCTIONS, turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Conversation

__all__ = ["Fitted", "fit"]


class Fitted(NamedTuple):
    """The result of `ChatTokenizer.fit`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> fitted = tok.fit([{"role": "user", "content": "hello"}] * 3, 10)
    >>> fitted.dropped, fitted.tokens
    ((0,), 10)
    """

    conversation: Conversation
    dropped: tuple[int, ...]
    """Indices of the dropped messages, in order."""
    tokens: int
    """The number of ids of ``conversation`` in `ChatTokenizer.encode`."""


def fit(
    conversation: Conversation,
    counts: Sequence[int],
    prologue: int,
    max_tokens: int,
    *,
    reserve: int = 0,
) -> Fitted:
    """Drop whole turns, oldest first, until the rest fits.

    `chatfmt.training.turns.turns` defines turns. System and developer messages stay, and so does
    the last turn, with all turns that its messages belong to.

    Args:
        conversation: the conversation.
        counts: the number of ids of each message.
        prologue: the number of ids before the first.
        max_tokens: the largest allowed number of ids.
        reserve: how many of them to leave free, for the prompt and the reply.

    Raises:
        ValueError: ``max_tokens`` or ``reserve`` is negative.
        ContextOverflowError: the messages that must stay do not fit; with the counts.
    """
    if max_tokens < 0 or reserve < 0:
        raise ValueError(
            f"max_tokens and reserve must be at least 0, found {max_tokens} and {reserve}"
        )
    messages = conversation.messages
    places, homes = turns(messages)
    last = max(places, default=0)
    stays = {home for place, home in zip(places, homes, strict=True) if place == last}
    tokens = prologue + sum(counts)
    members: dict[int, list[int]] = {}
    for index, home in enumerate(homes):
        if home not in stays and messages[index].role not in INSTRUCTIONS:
            members.setdefault(home, []).append(index)
    dropped: set[int] = set()
    for oldest in range(last):
        if tokens <= max_tokens - reserve:
            break
        dropped.update(members.get(oldest, ()))
        tokens -= sum(counts[index] for index in members.get(oldest, ()))
    if tokens > max_tokens - reserve:
        raise ContextOverflowError(tokens, max_tokens, reserve)
    left = tuple(message for i, message in enumerate(messages) if i not in dropped)
    kept = conversation.model_copy(update={"messages": left})
    return Fitted(kept, tuple(sorted(dropped)), tokens)
