"""Many conversations to flat buffers: one call of the encoder for about a megabyte of contents.

The contents are joined with a special token as separator, which an encoder never merges across,
encoded at once, and cut apart again; headers and weights are put in between. The result is that
of `Renderer.extend` and `chatfmt.weights`, which the tests hold it to. Contents that spell the
separator, and encodings other than tiktoken's, are encoded one by one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate, chain
from operator import add, itemgetter, mul
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import RenderError
from chatfmt.guard import LONGEST_RUN
from chatfmt.packed import SIZE, pack
from chatfmt.render import FRAME_FIELDS
from chatfmt.weights import message_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.conversation import Conversation, Message
    from chatfmt.render import Frame, Renderer
    from chatfmt.weights import TrainOn

__all__ = ["EncodedBatch", "encode_batch"]

_CHUNK = 1024 * 1024
"""Characters. A walk through many Python objects drives the encoder's tables out of the
processor's cache: the fewer turns the two take, the better."""
_SHARED_CHUNK = 256 * 1024
"""The same where threads share the work, which must not end with waiting for one of them."""


class EncodedBatch(NamedTuple):
    """Conversations behind one another, in flat buffers that numpy and torch take as they are.

    Conversation ``i`` has ``ids[offsets[i]:offsets[i + 1]]``, and the same places of ``weights``.

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
    """int64; one more than there are conversations, the first is 0."""
    weights: array[float]
    """float32."""


class _Chunk(NamedTuple):
    """Part of a batch, packed."""

    ids: bytes
    weights: bytes
    sizes: list[int]
    """How many ids each entry has."""


class _Around(NamedTuple):
    """What stands around the contents of messages with one frame and one weight, packed."""

    head: bytes
    close: bytes
    head_weights: bytes
    weight: bytes
    close_weights: bytes
    size: int
    """How many ids head and close are."""
    suffix: str


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
    batch = _Batch(renderer, train_on, _CHUNK if num_threads == 1 else _SHARED_CHUNK)
    batch.take(conversations)
    if num_threads == 1:
        return batch.put_together(map(batch.encode, batch.parts))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(num_threads) as pool:
        return batch.put_together(pool.map(batch.encode, batch.parts))


# All of a message that decides what is around its content.
_key = itemgetter(*FRAME_FIELDS, "weight")


class _Batch:
    """Conversations as columns, with an entry for each message and each prologue.

    ``map``, ``zip`` and ``join`` do most of the work, on whole columns. Several threads may encode
    parts of it at once.
    """

    def __init__(self, renderer: Renderer, train_on: TrainOn, chunk: int) -> None:
        self._renderer = renderer
        self._train_on = train_on
        self._chunk = chunk
        self._known: dict[tuple[object, ...], _Around] = {}
        # then what is around a content follows from the message, whatever its neighbours are
        self._by_itself = train_on in ("assistant", "all", "none") and not renderer.continues
        self._texts: list[str] = []
        """The contents."""
        self._around: list[_Around] = []
        self._ends: list[int] = []
        """For each conversation, how many entries there are up to its end."""
        self.parts: list[slice] = []
        """The entries in parts of about a chunk."""
        encoding = renderer.binding.encoding
        self._encode_joined = getattr(encoding, "encode_joined", None)
        # rather one that the format does not use, since contents may well quote those
        separators = [
            (token in renderer.binding.ids, token, pack([number]))
            for token, number in encoding.special_tokens.items()
            if not _overlaps(token) and _is_seen_whole(number, encoding.n_vocab)
        ]
        _, self._separator, self._item = min(separators, default=(True, "", b""))

    def take(self, conversations: Iterable[Conversation]) -> None:
        """Fill the columns.

        One plain loop that touches each message once: it is the way to memory that takes time.
        """
        known, texts, around = self._known, self._texts, self._around
        prologue = self._prologue()
        size = 0
        for at, conversation in enumerate(conversations):
            messages = conversation.messages
            if prologue:  # it goes before each conversation like a message of its own
                texts.append("")
                around.append(prologue)
            try:
                if not self._by_itself:
                    weights = message_weights(messages, self._train_on)
                    around += map(_pack_around, self._renderer.frames(messages), weights)
                for index, message in enumerate(messages):
                    fields = message.__dict__
                    if self._by_itself:
                        key = _key(fields)
                        try:
                            around.append(known[key])
                        except KeyError:
                            around.append(self._make_around(message, index, key))
                    text = fields["content"]
                    texts.append(text)
                    size += len(text)
            except ValueError as error:
                error.add_note(f"conversation {at}")
                raise
            self._ends.append(len(texts))
            if size >= self._chunk:
                self._cut()
                size = 0
        self._cut()

    def _cut(self) -> None:
        start, stop = self.parts[-1].stop if self.parts else 0, len(self._texts)
        if stop > start:
            self.parts.append(slice(start, stop))

    def _prologue(self) -> _Around | None:
        ids = self._renderer.prologue
        return _Around(pack(ids), b"", bytes(4 * len(ids)), b"", b"", len(ids), "") if ids else None

    def _make_around(self, message: Message, index: int, key: tuple[object, ...]) -> _Around:
        [weight] = message_weights([message], self._train_on)
        around = _pack_around(self._renderer.frame(message, index), weight)
        if message.reasoning is None:  # a text that hardly ever returns
            self._known[key] = around
        return around

    def encode(self, part: slice) -> _Chunk:
        """The packed ids and weights of some of the entries."""
        heads, closes, head_weights, weights, close_weights, around, suffixes = zip(
            *self._around[part], strict=True
        )
        texts = self._texts[part]
        if any(suffixes):
            texts = [*map(add, texts, suffixes)]
        contents = self._together(texts)
        if contents is None:
            contents = [self._alone(nth, text) for nth, text in enumerate(texts, part.start)]
        counts = [len(content) // SIZE for content in contents]
        return _Chunk(
            _interleaved(heads, contents, closes),
            _interleaved(head_weights, map(mul, weights, counts), close_weights),
            [*map(add, around, counts)],
        )

    def put_together(self, chunks: Iterable[_Chunk]) -> EncodedBatch:
        """The whole batch, of the chunks of all of its parts."""
        ids, weights, sizes = array("I"), array("f"), [0]
        for chunk in chunks:
            ids.frombytes(chunk.ids)
            weights.frombytes(chunk.weights)
            sizes += chunk.sizes
        totals = [*accumulate(sizes)]
        return EncodedBatch(ids, array("q", map(totals.__getitem__, [0, *self._ends])), weights)

    def _together(self, texts: list[str]) -> list[bytes] | None:
        """The packed ids of each text, by one call for all of them.

        None where they have to be encoded one by one: the encoding has no such call, a text spells
        the separator, may be too long, or has no UTF-8 form.
        """
        if not self._encode_joined or not self._separator:
            return None
        joined = self._separator.join(texts)
        if len(joined) > LONGEST_RUN and max(map(len, texts)) > LONGEST_RUN:
            return None
        try:
            contents: list[bytes] = self._encode_joined(joined, self._separator).split(self._item)
        except UnicodeEncodeError:
            return None
        return contents if len(contents) == len(texts) else None

    def _alone(self, nth: int, text: str) -> bytes:
        """The packed ids of one text."""
        try:
            return pack(self._renderer.encode(text, None))
        except RenderError:  # once more, to say where
            at = bisect_right(self._ends, nth)
            first = (self._ends[at - 1] if at else 0) + bool(self._renderer.prologue)
            try:
                return pack(self._renderer.encode(text, nth - first))
            except RenderError as error:
                error.add_note(f"conversation {at}")
                raise error from None


def _interleaved(*columns: Iterable[bytes]) -> bytes:
    """The first of each column, the second of each, and so on."""
    return b"".join(chain.from_iterable(zip(*columns, strict=True)))


def _overlaps(token: str) -> bool:
    """Whether it may overlap with itself, so that a text may have more of them than were put in."""
    return any(token.startswith(token[-n:]) for n in range(1, len(token)))


def _is_seen_whole(number: int, n_vocab: int) -> bool:
    """Whether the bytes of this id are never seen across two neighbouring ids.

    The highest byte of each id of the vocabulary is zero, and none of the others of this one is:
    where one begins in the middle of an id, that zero stands where it has none.
    """
    width = ((n_vocab - 1).bit_length() + 7) // 8
    return width < SIZE and all(number.to_bytes(width, "little"))


def _pack_around(frame: Frame, weight: float) -> _Around:
    spread = []
    for ids, marks in ((frame.head, frame.head_marks), (frame.close, frame.close_marks)):
        weights = array("f", bytes(4 * len(ids)))
        for start, stop, _, generated in marks:
            if generated:
                weights[start:stop] = array("f", [weight]) * (stop - start)
        spread.append(weights.tobytes())
    head, close = pack(frame.head), pack(frame.close)
    one = array("f", [weight]).tobytes()
    size = (len(head) + len(close)) // SIZE
    return _Around(head, close, spread[0], one, spread[1], size, frame.suffix)
