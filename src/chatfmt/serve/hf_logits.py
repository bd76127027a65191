"""Constrained headers for transformers: a processor of logits.

`chatfmt.serve.hf.logits_processor` makes this a class of transformers'; torch and transformers are
imported only when someone asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.serve.constrained.masks import mask_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from chatfmt.serve.constrained.constraint import Constraint
    from chatfmt.serve.constrained.state import State

__all__ = ["Headers"]


class Headers:
    """Sets the logits of all tokens that must not come next to minus infinity.

    Args:
        constraint: decides which tokens may come next.
        prompt_length: the number of ids in each row before the first sampled one, padding included.
        start: where the model begins; by default after the format's own prompt.
    """

    def __init__(
        self, constraint: Constraint, prompt_length: int, start: State | None = None
    ) -> None:
        self._constraint = constraint
        self._prompt_length = prompt_length
        self._start = constraint.start() if start is None else start
        self._seen: list[tuple[list[int], State]] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The scores of the next id, for each row of the batch.

        Raises:
            ValueError: a row has a sampled id that must not come there, or is shorter than the
                prompt.
        """
        import torch

        if input_ids.shape[1] < self._prompt_length:
            raise ValueError(
                f"expected rows of at least {self._prompt_length} ids, the length of the prompt, "
                f"found {input_ids.shape[1]}"
            )
        sampled = input_ids[:, self._prompt_length :].tolist()
        self._seen = [(ids, self._state(ids)) for ids in sampled]
        masked = scores.clone()
        for row, (_, state) in zip(masked, self._seen, strict=True):
            if not state.is_stopped:  # generate itself pads a finished row
                allowed = bytearray(mask_of(self._constraint, state))
                mask = torch.frombuffer(allowed, dtype=torch.bool)
                count = min(len(mask), len(row))
                row[:count].masked_fill_(~mask[:count].to(row.device), -torch.inf)
                row[count:] = -torch.inf
        return masked

    def _state(self, ids: Sequence[int]) -> State:
        """The state of a row: one step after that of the same ids, in whichever row they were."""
        before = next((state for seen, state in self._seen if seen == ids[:-1]), None)
        if before is not None and ids:
            return self._after(before, ids, len(ids) - 1)
        state = self._start
        for at in range(len(ids)):
            state = self._after(state, ids, at)
        return state

    def _after(self, state: State, ids: Sequence[int], at: int) -> State:
        if state.is_stopped:
            return state
        after = self._constraint.after(state, ids[at])
        if after is None:
            raise ValueError(
                f"sampled id {at} is {self._constraint.binding.show(ids[at])}, which must not come "
                "there: give the processor of each call of generate the length of its own prompt, "
                "and do not sample with beams, which takes impossible ids where few may come"
            )
        return after
