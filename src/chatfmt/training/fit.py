"""A conversation that is too long, without its oldest turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import ContextOverflowError
from chatfmt.training.turns import INSTRUCTIONS, turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Conversation

__all__ = ["Fitted", "fit"]


class Fitted(NamedTuple):
    """What `ChatTokenizer.fit` has left.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> fitted = tok.fit([{"role": "user", "content": "hello"}] * 3, 10)
    >>> fitted.dropped, fitted.tokens
    ((0,), 10)
    """

    conversation: Conversation
    dropped: tuple[int, ...]
    """Indices of the messages that are gone, in order."""
    tokens: int
    """How many ids `ChatTokenizer.encode` gives for ``conversation``."""


def fit(
    conversation: Conversation,
    counts: Sequence[int],
    prologue: int,
    max_tokens: int,
    *,
    reserve: int = 0,
) -> Fitted:
    """Drop whole turns, oldest first, until the rest fits.

    What a turn is, `chatfmt.training.turns.turns` says. System and developer messages stay, and so
    does the last turn, with all turns that its messages belong to.

    Args:
        conversation: the conversation.
        counts: how many ids each message has.
        prologue: how many ids are before the first.
        max_tokens: how many ids there may be.
        reserve: how many of them to leave free, for the prompt and the reply.

    Raises:
        ValueError: ``max_tokens`` or ``reserve`` is negative.
        ContextOverflowError: what must stay does not fit; with the counts.
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
