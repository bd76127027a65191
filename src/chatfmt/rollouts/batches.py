"""Rollouts to batches: padded, or packed one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from chatfmt.errors import ContextOverflowError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.rollouts.rollout import Rollout

__all__ = ["collate_rollouts", "pack_rollouts"]

_FILLERS = {"sampled": 0, "logprobs": 0.0, "rewards": 0.0, "advantages": 0.0}


def collate_rollouts(
    rollouts: Sequence[Rollout], *, pad_id: int, side: Literal["right", "left"] = "right"
) -> dict[str, list[Any]]:
    """Collate rollouts to one batch of rectangular lists, with a row for each rollout.

    Args:
        rollouts: any number.
        pad_id: the id that fills unused places.
        side: the side on which padding goes.

    Returns:
        ``input_ids``, ``attention_mask``, ``sampled``, ``logprobs``, ``rewards``, ``advantages``,
        all with rows of one length, and ``group`` with one value for each row. A missing logprob is
        0.0; ``sampled`` marks those that count.

    >>> from chatfmt.rollouts import Rollout
    >>> one = Rollout([7, 8], [0, 1], [None, -0.5], [0.0, 1.0], [0.0, 2.0])
    >>> other = Rollout([7], [0], [None], [0.0], [0.0])
    >>> collate_rollouts([one, other], pad_id=9)["input_ids"]
    [[7, 8], [7, 9]]

    Raises:
        ValueError: ``side`` is unknown, or the lists of a rollout differ in length.
    """
    if side not in ("right", "left"):
        raise ValueError(f"side must be right or left, found {shown(side)}")
    rows = [_columns(number, rollout) for number, rollout in enumerate(rollouts)]
    length = max((len(row["input_ids"]) for row in rows), default=0)
    fillers = {"input_ids": pad_id, "attention_mask": 0, **_FILLERS}
    batch: dict[str, list[Any]] = {name: [] for name in fillers}
    for row in rows:
        for name, filler in fillers.items():
            padding = [filler] * (length - len(row[name]))
            batch[name].append(row[name] + padding if side == "right" else padding + row[name])
    return {**batch, "group": [rollout.group for rollout in rollouts]}


def pack_rollouts(
    rollouts: Iterable[Rollout], *, length: int, pad_id: int
) -> dict[str, list[list[Any]]]:
    """Pack rollouts, in order, into rows of ``length`` ids, as many in each as fit.

    Returns:
        The keys of `collate_rollouts` except ``group``, and also ``position_ids``, which restart
        with each rollout, and ``sequence_ids``: the number of an id's rollout, -1 for padding.

    >>> from chatfmt.rollouts import Rollout
    >>> one = Rollout([7, 8], [0, 1], [None, -0.5], [0.0, 1.0], [0.0, 2.0])
    >>> packed = pack_rollouts([one, one, one], length=5, pad_id=9)
    >>> packed["input_ids"], packed["position_ids"]
    ([[7, 8, 7, 8, 9], [7, 8, 9, 9, 9]], [[0, 1, 0, 1, 0], [0, 1, 0, 0, 0]])

    Raises:
        ContextOverflowError: a rollout is longer than a row.
        ValueError: the lists of a rollout differ in length.
    """
    fillers = {"input_ids": pad_id, "attention_mask": 0, **_FILLERS}
    fillers |= {"position_ids": 0, "sequence_ids": -1}
    batch: dict[str, list[list[Any]]] = {name: [] for name in fillers}
    for number, rollout in enumerate(rollouts):
        columns = _columns(number, rollout)
        count = len(rollout.input_ids)
        if count > length:
            raise ContextOverflowError(count, length)
        columns |= {"position_ids": [*range(count)], "sequence_ids": [number] * count}
        if not batch["input_ids"] or len(batch["input_ids"][-1]) + count > length:
            for rows in batch.values():
                rows.append([])
        for name, column in columns.items():
            batch[name][-1] += column
    for name, rows in batch.items():
        for row in rows:
            row += [fillers[name]] * (length - len(row))  # noqa: PLW2901 - the row itself
    return batch


def _columns(number: int, rollout: Rollout) -> dict[str, list[Any]]:
    """The lists of a rollout, by name."""
    columns: dict[str, list[Any]] = {**rollout._asdict()}
    del columns["group"]
    lengths = {name: len(column) for name, column in columns.items()}
    if len({*lengths.values()}) > 1:
        raise ValueError(f"rollout {number}: expected lists of one length, found {lengths}")
    columns["logprobs"] = [0.0 if one is None else one for one in rollout.logprobs]
    return {**columns, "attention_mask": [1] * len(rollout.input_ids)}
