"""One sequence of a rollout, aligned: its ids, which were sampled, and what they earned."""

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
"""One number for the whole rollout, or one for each turn, or one for each sampled id.

A turn is a run of sampled ids. How many numbers there are decides between turns and ids; where
there are as many turns as sampled ids, both mean the same.
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
    """The sampler's logprobs; None where it gave none."""
    rewards: list[float]
    """The reward, at the id that earned it: the last of a turn, or of the rollout."""
    advantages: list[float]
    """The advantage of each sampled id; 0 elsewhere."""
    group: str | None = None
    """The group that the rollout belongs to: those of one prompt share it."""


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
    """The rollouts of a transcript: each sampled id once, in the context it was sampled in.

    The ids are kept because they cannot be recovered from text: many sequences of ids spell a text,
    and a model may sample one that the encoder would not choose. Training on other ids would train
    on something that was never sampled.

    Args:
        transcript: the transcript, with its sampled ids.
        reward: one number, placed at the last sampled id; or one for each turn, placed at the last
            id of the turn; or one for each sampled id.
        advantage: one number for all sampled ids; or one for each turn, repeated at each of its
            sampled ids; or one for each sampled id.
        group: see `Rollout.group`.
        prepare: whether each prompt was prepared separately, so that an earlier prompt need not be
            a prefix of a later one: see `Transcript.samples`.
        tools: for ``prepare``, as there.
        values: for ``prepare``, as there.
        history: for ``prepare``, as there.

    Returns:
        One rollout; with ``prepare``, one for each unbroken prefix; none if nothing was sampled.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> _ = chat.append_completion([13225, 200265], logprobs=[-0.5, -0.25])
    >>> [one] = rollouts_of(chat, reward=1.0, advantage=0.5)
    >>> one.sampled[-3:], one.logprobs[-3:], one.rewards[-3:], one.advantages[-3:]
    ([0, 1, 1], [None, -0.5, -0.25], [0.0, 0.0, 1.0], [0.0, 0.5, 0.5])

    Raises:
        ValueError: the count of numbers matches neither the turns nor the sampled ids; a number is
            not finite; or options of a preparation are given without ``prepare``.
        RenderError: as for `Transcript.samples`.
    """
    if not prepare and not (tools is None and values is None and history == "published"):
        raise ValueError("tools, values and history need prepare=True")
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
    """The number of sampled ids in each turn."""
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
    """The advantages of the rollouts of one prompt: each reward minus their mean.

    With ``scale``, divided by the group's standard deviation; 0 where all rewards are equal.
    Source: https://arxiv.org/abs/2402.03300, section 4.1.2 (GRPO, outcome supervision).

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
