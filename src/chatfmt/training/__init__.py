"""Ids with weights, for training.

`weights` decides which messages are trained, `examples` and `batch` make examples and batches, and
`turns` and `fit` shorten conversations that are too long. This folder imports errors,
conversations, ``encodings`` and ``wire``.
"""

from chatfmt.training.examples import Overlong, TrainingExample, Turns, collate

__all__ = ["Overlong", "TrainingExample", "Turns", "collate"]
