"""Encode many conversations to ids and weights in flat buffers: `ChatTokenizer.encode_batch`."""

from __future__ import annotations

from array import array
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.training.alone import encode_alone, noted
from chatfmt.training.flat import FlatEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Conversation
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["EncodedBatch", "encode_batch"]


class EncodedBatch(NamedTuple):
    """Conversations one after the other, in flat buffers for numpy and torch.

    Conversation ``i`` is ``ids[offsets[i]:offsets[i + 1]]``, with the same slice of ``weights``.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> batch = tok.encode_batch([[{"role": "user", "content": "hello"}]])
    >>> batch.ids
    array('I', [200264, 1428, 200266, 24912, 200265])
    >>> batch.weights
    array('f', [0.0, 0.0, 0.0, 0.0, 0.0])
    """

    ids: array[int]
    """uint32."""
    offsets: array[int]
    """int64; one more than the number of conversations, beginning with 0."""
    weights: array[float]
    """float32."""


def encode_batch(
    renderer: Renderer,
    conversations: Sequence[Conversation],
    *,
    train_on: TrainOn = "assistant",
    num_threads: int = 1,
) -> EncodedBatch:
    """The arguments are those of `ChatTokenizer.encode_batch`."""
    if num_threads < 1:
        raise ValueError(f"num_threads must be at least 1, found {num_threads}")
    if train_on == "sampled":
        raise ValueError('train_on="sampled" needs ids that were sampled: see Transcript.weights')
    encoder = FlatEncoder(renderer, train_on=train_on, labels=False)
    laid = (noted(at, encoder.conversation, chat) for at, chat in enumerate(conversations))
    with ThreadPoolExecutor(num_threads) if num_threads > 1 else nullcontext() as pool:
        found = encoder.encode(laid, pool)
    alone = partial(encode_alone, renderer, train_on=train_on, allow_untrained=True)
    examples = [
        noted(at, alone, chat) if one is None else one
        for at, (chat, one) in enumerate(zip(conversations, found, strict=True))
    ]
    ids, weights = array("I"), array("f")
    ids.frombytes(b"".join([one.ids for one in examples]))
    weights.frombytes(b"".join([one.weights for one in examples]))
    ends = accumulate([one.tokens for one in examples], initial=0)
    return EncodedBatch(ids, array("q", ends), weights)
