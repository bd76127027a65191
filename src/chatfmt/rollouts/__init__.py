"""Rollouts as data: sampled ids with rewards and advantages, for policy gradients."""

from chatfmt.rollouts.batches import collate_rollouts, pack_rollouts
from chatfmt.rollouts.files import read_rollouts, write_rollouts
from chatfmt.rollouts.rollout import Rollout, group_advantages, rollouts_of

__all__ = [
    "Rollout",
    "collate_rollouts",
    "group_advantages",
    "pack_rollouts",
    "read_rollouts",
    "rollouts_of",
    "write_rollouts",
]
