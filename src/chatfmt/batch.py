"""Many conversations to flat buffers: one call of the encoder for about 256 KB of contents.

The contents are joined with a special token as separator, which an encoder never merges across,
encoded at once, and cut apart again; headers and weights are put in between. The result is that
of `Renderer.extend` and `chatfmt.weights`, which the tests hold it to. Contents that spell the
separator, and encodings other than tiktoken's, are encoded one by one.
"""

from __future__ import annotations

from array import array
from contextlib import contextmanager
from itertools import accumulate, chain
from math import gcd
from operator import add, attrgetter, mul
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from chatfmt.errors import RenderError
from chatfmt.guard import LONGEST_RUN
from chatfmt.packed import SIZE, find, pack
from chatfmt.weights import message_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatfmt.conversation import Conversation, Message
    from chatfmt.render import Frame, Renderer
    from chatfmt.weights import TrainOn

__all__ = ["EncodedBatch", "encode_batch"]

_CHUNK = 256 * 1024


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
    lengths: list[int]
    weights: bytes


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
    encode = _Encoder(renderer, conversations, train_on)
    if num_threads == 1:
        chunks = [encode(part) for part in _parts(conversations)]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(num_threads) as pool:
            chunks = list(pool.map(encode, _parts(conversations)))
    ids, weights = array("I"), array("f")
    ids.frombytes(b"".join(chunk.ids for chunk in chunks))
    weights.frombytes(b"".join(chunk.weights for chunk in chunks))
    lengths = (length for chunk in chunks for length in chunk.lengths)
    return EncodedBatch(ids, array("q", accumulate(lengths, initial=0)), weights)


def _parts(conversations: Sequence[Conversation]) -> Iterator[range]:
    """Cut the conversations into parts of about `_CHUNK` characters."""
    start, size = 0, 0
    for stop, conversation in enumerate(conversations, 1):
        size += sum([len(message.content) for message in conversation.messages])
        if size >= _CHUNK or stop == len(conversations):
            yield range(start, stop)
            start, size = stop, 0


# All of a message that decides what is around its content.
_key = attrgetter("role", "name", "recipient", "channel", "content_type", "reasoning", "weight")


class _Encoder:
    """Encodes parts of a list of conversations; several threads may call it at once.

    A part becomes columns with an entry for each message, so that ``map``, ``zip`` and ``join`` do
    most of the work.
    """

    def __init__(
        self, renderer: Renderer, conversations: Sequence[Conversation], train_on: TrainOn
    ) -> None:
        self._renderer = renderer
        self._conversations = conversations
        self._train_on = train_on
        prologue = pack(renderer.prologue)
        untrained = bytes(len(prologue))
        self._prologue = _Around(prologue, b"", untrained, b"", b"", len(renderer.prologue), "")
        self._known: dict[tuple[object, ...], _Around] = {}
        # then what is around a content follows from the message, whatever its neighbours are
        self._by_itself = train_on in ("assistant", "all", "none") and not renderer.continues
        encoding = renderer.binding.encoding
        self._encode_joined = getattr(encoding, "encode_joined", None)
        # One that cannot overlap with itself, so that counting finds all; and rather one that the
        # format does not use, since contents may well quote those.
        tokens = [token for token in encoding.special_tokens if not _overlaps(token)]
        self._separator = min(tokens, key=lambda t: t in renderer.binding.ids, default="")
        self._item = pack([encoding.special_tokens[self._separator]]) if tokens else b""

    def __call__(self, part: range) -> _Chunk:
        several = [self._conversations[at].messages for at in part]
        messages = list(chain.from_iterable(several))
        ends = list(accumulate(map(len, several)))
        if self._by_itself:
            around = self._look_up(part, messages)
        else:
            around = list(chain.from_iterable(map(self._look_around, part, several)))
        contents = self._contents(part, messages, around)
        if self._prologue.head:  # it goes before each conversation like a message of its own
            around = _put_before(self._prologue, around, ends)
            contents = _put_before(b"", contents, ends)
            ends = [end + more for more, end in enumerate(ends, 1)]
        if not around:
            return _Chunk(b"", [0] * len(part), b"")
        heads, closes, head_weights, weights, close_weights, sizes, _ = zip(*around, strict=True)
        counts = [len(content) // SIZE for content in contents]
        totals = [0, *accumulate(map(add, sizes, counts))]
        starts = [0, *ends[:-1]]
        return _Chunk(
            _interleaved(heads, contents, closes),
            [totals[stop] - totals[start] for start, stop in zip(starts, ends, strict=True)],
            _interleaved(head_weights, map(mul, weights, counts), close_weights),
        )

    def _look_up(self, part: range, messages: Sequence[Message]) -> list[_Around]:
        """What is around each of the messages of a whole part."""
        known = self._known
        keys = list(map(_key, messages))
        found = list(map(known.get, keys))
        if not all(found):
            for nth, (message, key) in enumerate(zip(messages, keys, strict=True)):
                if found[nth] is None:
                    found[nth] = known.get(key) or self._make_around(part, nth, message, key)
        return found  # type: ignore[return-value]  # none is missing now

    def _make_around(
        self, part: range, nth: int, message: Message, key: tuple[object, ...]
    ) -> _Around:
        at, index = self._place(part, nth)
        with _noting(at):
            [weight] = message_weights([message], self._train_on)
            around = _pack_around(self._renderer.frame(message, index), weight)
        if message.reasoning is None:  # a text that hardly ever returns
            self._known[key] = around
        return around

    def _look_around(self, at: int, messages: Sequence[Message]) -> list[_Around]:
        """What is around each of the messages of one conversation."""
        with _noting(at):
            weights = message_weights(messages, self._train_on)
            frames = self._renderer.frames(messages)
            return list(map(_pack_around, frames, weights))

    def _contents(
        self, part: range, messages: Sequence[Message], around: Sequence[_Around]
    ) -> list[bytes]:
        """The packed ids of each message's content, and of the suffix that is one with it."""
        texts = [message.content for message in messages]
        suffixes = [one.suffix for one in around]
        if any(suffixes):
            texts = list(map(add, texts, suffixes))
        contents = None
        if (
            texts
            and self._encode_joined
            and self._separator
            and max(map(len, texts)) <= LONGEST_RUN
        ):
            contents = self._together(self._encode_joined, texts)
        if contents is None:
            contents = [self._alone(part, nth, text) for nth, text in enumerate(texts)]
        return contents

    def _together(
        self, encode_joined: Callable[[str, str], bytes], texts: list[str]
    ) -> list[bytes] | None:
        """All texts in one call, or None where one of them spells the separator."""
        joined = self._separator.join(texts)
        if joined.count(self._separator) != len(texts) - 1:
            return None
        try:
            packed = encode_joined(joined, self._separator)
        except UnicodeEncodeError:
            return None  # one by one it can be said which
        contents = packed.split(self._item)
        # whole ids only, which the greatest common divisor tells of all lengths at once
        if len(contents) == len(texts) and gcd(*map(len, contents)) % SIZE == 0:
            return contents
        # the bytes of two neighbouring ids looked like a separator: look at whole ids only
        contents, start = [], 0
        for _ in texts[1:]:
            stop = find(packed, self._item, start)
            contents.append(packed[start * SIZE : stop * SIZE])
            start = stop + 1
        return [*contents, packed[start * SIZE :]]

    def _alone(self, part: range, nth: int, text: str) -> bytes:
        """The packed ids of one text of the part."""
        try:
            return pack(self._renderer.encode(text, None))
        except RenderError:
            at, index = self._place(part, nth)  # once more, to say where
        with _noting(at):
            return pack(self._renderer.encode(text, index))

    def _place(self, part: range, nth: int) -> tuple[int, int]:
        """Conversation and message, of the messages of a part."""
        for at in part:
            count = len(self._conversations[at].messages)
            if nth < count:
                return at, nth
            nth -= count
        raise IndexError(nth)


@contextmanager
def _noting(at: int) -> Iterator[None]:
    """Note on an error which conversation it is about."""
    try:
        yield
    except ValueError as error:
        error.add_note(f"conversation {at}")
        raise


_T = TypeVar("_T")


def _put_before(first: _T, column: list[_T], ends: Iterable[int]) -> list[_T]:
    """The column with ``first`` before each group of entries, which end before ``ends``."""
    longer: list[_T] = []
    start = 0
    for end in ends:
        longer.append(first)
        longer += column[start:end]
        start = end
    return longer


def _interleaved(*columns: Iterable[bytes]) -> bytes:
    """The first of each column, the second of each, and so on."""
    return b"".join(chain.from_iterable(zip(*columns, strict=True)))


def _overlaps(token: str) -> bool:
    return any(token.startswith(token[-n:]) for n in range(1, len(token)))


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
