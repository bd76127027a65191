"""Headers, calls and ends that cannot be malformed, whatever a model would sample."""

from chatfmt.serve.constrained.constraint import Constraint
from chatfmt.serve.constrained.masks import mask_of
from chatfmt.serve.constrained.state import State

__all__ = ["Constraint", "State", "mask_of"]
