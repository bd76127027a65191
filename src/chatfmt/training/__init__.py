"""Ids with weights, for training.

Which messages are trained (`weights`), examples and batches of them (`examples`, `batch`), and what
of a conversation stays when it is too long (`turns`, `fit`). This folder imports errors,
conversations, ``encodings`` and ``wire``.
"""

from chatfmt.training.examples import Overlong, TrainingExample, Turns, collate

__all__ = ["Overlong", "TrainingExample", "Turns", "collate"]
