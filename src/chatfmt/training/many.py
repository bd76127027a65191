"""Encode many conversations to examples in flat buffers: `ChatTokenizer.encode_examples`."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.conversation.plain import plain_turns
from chatfmt.errors import ContextOverflowError
from chatfmt.training.alone import encode_alone, noted
from chatfmt.training.weights import check_ignore_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatfmt.conversation import Conversation
    from chatfmt.training.flat import FlatEncoder, FlatExample
    from chatfmt.training.shapes import Laid
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["EncodedExamples", "encode_examples"]


class EncodedExamples(NamedTuple):
    """Examples one after the other, in flat buffers for numpy, torch and Arrow.

    Example ``i`` is ``input_ids[offsets[i]:offsets[i + 1]]``; labels and weights have the same
    offsets.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello"}]
    >>> tok.encode_examples([chat]).labels
    array('i', [-100, -100, -100, -100, -100, -100, -100, -100, 13225, 200265])
    """

    input_ids: array[int]
    """int32."""
    labels: array[int]
    """int32: the ids, unshifted, with the ignore index exactly where the weight is 0."""
    weights: array[float]
    """float32."""
    offsets: array[int]
    """int32; one more than the number of examples, beginning with 0."""

    def to_arrow(self) -> Any:  # noqa: ANN401 - pyarrow has no types
        """A ``pyarrow.Table`` over the same buffers, with one row per example (extra ``data``).

        A function for ``datasets.map`` can return it. The columns are ``input_ids`` and ``labels``.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = [{"role": "assistant", "content": "Hello"}]
        >>> tok.encode_examples([chat]).to_arrow()["labels"].to_pylist()
        [[-100, -100, -100, 13225, 200265]]

        Raises:
            ImportError: pyarrow is not installed.
        """
        import pyarrow as pa

        count = len(self.offsets) - 1

        def lists(numbers: array[int]) -> Any:  # noqa: ANN401 - pyarrow's
            values = pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])
            ends = [None, pa.py_buffer(self.offsets)]
            return pa.Array.from_buffers(pa.list_(pa.int32()), count, ends, children=[values])

        return pa.table({"input_ids": lists(self.input_ids), "labels": lists(self.labels)})


def encode_examples(
    renderer: Renderer,
    encoder: FlatEncoder,
    conversations: Iterable[Any],
    read: Callable[[Any], Conversation],
    *,
    train_on: TrainOn,
    train_end: bool,
    max_tokens: int | None,
    allow_untrained: bool,
    ignore_index: int,
) -> EncodedExamples:
    """The arguments are those of `ChatTokenizer.encode_examples`, and a reader of conversations."""
    check_ignore_index(ignore_index)
    laid: list[Laid | None] = []
    chats: list[Any] = []
    for at, one in enumerate(conversations):
        plain = plain_turns(one)
        chat = one if plain else noted(at, read, one)
        chats.append(chat)
        if train_on == "sampled":  # no ids are sampled here: the plain path says so
            laid.append(None)
        elif plain:
            laid.append(noted(at, lambda turns: encoder.plain(*turns), plain))
        else:
            laid.append(noted(at, encoder.conversation, chat))

    def alone(chat: Any) -> FlatExample:  # noqa: ANN401 - as it was given
        how = {"allow_untrained": allow_untrained, "ignore_index": ignore_index}
        return encode_alone(renderer, read(chat), train_on=train_on, train_end=train_end, **how)

    found: list[FlatExample] = []
    for at, one in enumerate(encoder.encode(laid)):
        taken = one is not None and (one.is_trained or allow_untrained)
        found.append(one if one is not None and taken else noted(at, alone, chats[at]))
        if max_tokens is not None and found[-1].tokens > max_tokens:
            too_long = ContextOverflowError(found[-1].tokens, max_tokens)
            too_long.add_note(f"conversation {at}")
            raise too_long
    input_ids, labels, weights = array("i"), array("i"), array("f")
    input_ids.frombytes(b"".join([one.ids for one in found]))
    labels.frombytes(b"".join([one.labels for one in found]))
    weights.frombytes(b"".join([one.weights for one in found]))
    ends = accumulate([one.tokens for one in found], initial=0)
    return EncodedExamples(input_ids, labels, weights, array("i", ends))
