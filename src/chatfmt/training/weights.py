"""Loss weights from structure, never from searching text or comparing ids.

In a trained message, the part that a model writes has weight: the ids of the spans marked
``generated``, from the end of the prompt through the end token. The part that the format writes has
none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from chatfmt.conversation import Message
from chatfmt.errors import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.wire.spans import Span

__all__ = ["TrainOn", "check_ignore_index", "labels", "message_weights", "span_weights", "spread"]

TrainOn: TypeAlias = (
    Literal["assistant", "last", "sampled", "all", "none"] | Callable[[Message, int], float]
)
"""The messages to train on.

``assistant``: every message of the assistant; ``last``: the last of these; ``all``; ``none``;
``sampled``: exactly the ids that were sampled; or a function of message and index that returns a
finite weight of at least 0. `Message.weight` is a factor in every case.
"""


def span_weights(
    spans: Sequence[Span],
    messages: Sequence[Message],
    train_on: TrainOn = "assistant",
    *,
    train_end: bool = True,
) -> list[float]:
    """The weight of each id of the spans, which tile a sequence.

    Raises:
        ValueError: ``train_on`` is unknown; or its function did not return a finite weight of at
            least 0; or the product with the message's own weight is invalid.
    """
    factors = message_weights(messages, train_on)
    return spread(spans, factors, train_end=train_end, sampled=train_on == "sampled")


def spread(
    spans: Sequence[Span],
    factors: Sequence[float],
    *,
    train_end: bool = True,
    sampled: bool = False,
) -> list[float]:
    """Spread the weights of messages over the ids that count: generated, or else sampled, ones.

    Sampled ids also count if they belong to no message, or to one that has no factor yet because
    its content has not begun: to a policy gradient they are actions like all others.
    """
    weights: list[float] = []
    for start, stop, message, part, is_generated, is_sampled in spans:
        counts = is_sampled if sampled else is_generated
        if not counts or (part == "end" and not train_end):
            weight = 0.0
        elif message is not None and message < len(factors):
            weight = factors[message]
        else:
            weight = float(sampled)
        weights += [weight] * (stop - start)
    return weights


def labels(ids: Sequence[int], weights: Sequence[float], ignore_index: int = -100) -> list[int]:
    """The ids, unshifted, with ``ignore_index`` exactly where the weight is 0.

    >>> labels([5, 6, 7], [0.0, 1.0, 0.5])
    [-100, 6, 7]

    Raises:
        ValueError: ``ignore_index`` might be an id, and would be confused with it.
    """
    check_ignore_index(ignore_index)
    return [token if weight else ignore_index for token, weight in zip(ids, weights, strict=True)]


def check_ignore_index(ignore_index: int) -> None:
    """Raise ValueError if it might be an id."""
    if ignore_index >= 0:
        raise ValueError(f"ignore_index must be negative, as no id is; found {ignore_index}")


def message_weights(messages: Sequence[Message], train_on: TrainOn) -> list[float]:
    """The weight of each message: that of ``train_on``, times its own.

    Raises:
        ValueError: as for `span_weights`.
    """
    if callable(train_on):
        chosen = [_checked(train_on(message, i), i) for i, message in enumerate(messages)]
    elif train_on in ("all", "sampled"):
        chosen = [1.0] * len(messages)
    elif train_on == "assistant":
        chosen = [float(message.role == "assistant") for message in messages]
    elif train_on == "last":
        last = max((i for i, m in enumerate(messages) if m.role == "assistant"), default=None)
        chosen = [float(i == last) for i in range(len(messages))]
    elif train_on == "none":
        chosen = [0.0] * len(messages)
    else:
        raise ValueError(
            "train_on must be assistant, last, sampled, all, none, or a function of message and "
            f"index; found {shown(train_on)}"
        )
    for i, message in enumerate(messages):
        if message.weight is not None:
            chosen[i] = _checked(chosen[i] * message.weight, i)
    return chosen


def _checked(weight: float, index: int) -> float:
    if not (isinstance(weight, int | float) and math.isfinite(weight) and weight >= 0):
        raise ValueError(
            f"message {index}: expected a finite weight of at least 0 (what train_on returns, "
            f"times the message's own), found {shown(weight)}"
        )
    return float(weight)
