"""Ids with weights, for training.

`weights` decides which messages are trained, and `examples` makes an example of a conversation.
`batch` and `many` encode many at a time with `flat`, which puts the texts that `joined` encodes
into the `shapes` of messages; `alone` is their plain path. `turns`, `each` and `fit` cut
conversations. This folder imports errors, conversations, ``prepare`` and ``wire``.
"""

from chatfmt.training.examples import Overlong, TrainingExample, Turns, collate

__all__ = ["Overlong", "TrainingExample", "Turns", "collate"]
