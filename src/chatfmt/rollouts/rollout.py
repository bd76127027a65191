"""One sequence of a rollout, aligned: ids, what of them was sampled, and what it was worth."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.transcript import Transcript

__all__ = ["Rollout", "Worth", "group_advantages", "rollouts_of"]

Worth: TypeAlias = "float | Sequence[float] | None"
"""Of a whole rollout; of each of its turns; or of each of its sampled ids.

A turn is what was sampled without a break. Of each turn and of each sampled id is told by how many
numbers there are; where there are as many turns as sampled ids, both are the same.
"""


class Rollout(NamedTuple):
    """A sequence in which ids were sampled; all lists have the same length.

    >>> Rollout([7, 8], [0, 1], [None, -0.5], [0.0, 1.0], [0.0, 2.0], "sums").group
    'sums'
    """

    input_ids: list[int]
    sampled: list[int]
    """1 exactly where the model sampled the id."""
    logprobs: list[float | None]
    """What the sampler gave; None where it gave none."""
    rewards: list[float]
    """At the id with which it was earned: the last of a turn, or of all."""
    advantages: list[float]
    """At each sampled id; 0 elsewhere."""
    group: str | None = None
    """Which rollouts go together: those of one prompt."""


def rollouts_of(
    transcript: Transcript,
    *,
    reward: Worth = None,
    advantage: Worth = None,
    group: str | None = None,
    prepare: bool = False,
    tools: Iterable[Mapping[str, Any]] | None = None,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
) -> list[Rollout]:
    """What a transcript gives to train on: each sampled id once, in the context it was sampled in.

    The ids are kept because text does not give them back: a model samples one of many sequences of
    ids for a text, and an encoder knows one. A gradient on others would be of something that was
    never sampled.

    Args:
        transcript: with what was sampled in it.
        reward: a number for all, which stands at the last sampled id; or one for each turn, which
            stands at the last of the turn; or one for each sampled id.
        advantage: a number for all, or one for each turn, which stand at each of its sampled ids;
            or one for each sampled id.
        group: see `Rollout.group`.
        prepare: whether each prompt was prepared anew, so that what a model was shown may not be
            the beginning of what it was shown later: see `Transcript.samples`.
        tools: for ``prepare``, as there.
        values: for ``prepare``, as there.
        history: for ``prepare``, as there.

    Returns:
        One rollout; with ``prepare`` one for each unbroken prefix; none where nothing was sampled.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> _ = chat.append_completion([13225, 200265], logprobs=[-0.5, -0.25])
    >>> [one] = rollouts_of(chat, reward=1.0, advantage=0.5)
    >>> one.sampled[-3:], one.logprobs[-3:], one.rewards[-3:], one.advantages[-3:]
    ([0, 1, 1], [None, -0.5, -0.25], [0.0, 0.0, 1.0], [0.0, 0.5, 0.5])

    Raises:
        ValueError: there are neither as many numbers as turns nor as many as sampled ids, or one of
            them is not finite; or options of a preparation without ``prepare``.
        RenderError: as for `Transcript.samples`.
    """
    if not prepare and not (tools is None and values is None and history == "published"):
        raise ValueError("tools, values and history are for prepare=True: expected that, too")
    turns = _turns(transcript)
    rewards = _each("reward", reward, turns, at_end=True)
    advantages = _each("advantage", advantage, turns, at_end=False)
    if not turns:
        return []
    parts = [transcript]
    if prepare:
        parts = transcript.samples(tools=tools, values=values, history=history)
    made, at = [], 0
    for part in parts:
        mask = _mask(part)
        count = sum(mask)
        made.append(
            Rollout(
                [*part.ids],
                mask,
                part.logprobs,
                _spread(rewards[at : at + count], mask),
                _spread(advantages[at : at + count], mask),
                group,
            )
        )
        at += count
    return [rollout for rollout in made if any(rollout.sampled)]


def _mask(transcript: Transcript) -> list[int]:
    mask = [0] * len(transcript.ids)
    for span in transcript.spans:
        if span.sampled:
            mask[span.start : span.stop] = [1] * (span.stop - span.start)
    return mask


def _turns(transcript: Transcript) -> list[int]:
    """How many ids were sampled in each turn."""
    runs = ((is_sampled, len([*run])) for is_sampled, run in groupby(_mask(transcript)))
    return [length for is_sampled, length in runs if is_sampled]


def _each(name: str, worth: Worth, turns: Sequence[int], *, at_end: bool) -> list[float]:
    """A number for each sampled id."""
    sampled = sum(turns)
    if worth is None:
        return [0.0] * sampled
    if isinstance(worth, int | float):
        numbers, lengths = [float(worth)], [sampled]
    else:
        numbers, lengths = [*map(float, worth)], [*turns]
        if len(numbers) == sampled:
            lengths = [1] * sampled
        if len(numbers) != len(lengths):
            raise ValueError(
                f"{name}: expected a number, {len(turns)} of them, one for each turn, or "
                f"{sampled}, one for each sampled id, found {len(numbers)}"
            )
    if odd := [number for number in numbers if not math.isfinite(number)]:
        raise ValueError(f"{name}: expected finite numbers, found {odd[0]}")
    found: list[float] = []
    for number, length in zip(numbers, lengths, strict=True):
        found += [0.0] * (length - 1) + [number] * (length > 0) if at_end else [number] * length
    return found


def _spread(numbers: Sequence[float], mask: Sequence[int]) -> list[float]:
    each = iter(numbers)
    return [next(each) if is_sampled else 0.0 for is_sampled in mask]


def group_advantages(rewards: Sequence[float], *, scale: bool = True) -> list[float]:
    """The advantages of the rollouts of one prompt: how far each reward is from their mean.

    ``scale``: in standard deviations of the group, which are 0 where all are the same. Source:
    https://arxiv.org/abs/2402.03300, section 4.1.2 (GRPO, outcome supervision).

    >>> group_advantages([1.0, 0.0, 0.0, 1.0])
    [1.0, -1.0, -1.0, 1.0]
    >>> group_advantages([1.0, 1.0])
    [0.0, 0.0]
    """
    if not rewards:
        return []
    mean = math.fsum(rewards) / len(rewards)
    away = [reward - mean for reward in rewards]
    if not scale:
        return away
    deviation = math.sqrt(math.fsum(one * one for one in away) / len(away))
    return [one / deviation if deviation else 0.0 for one in away]
