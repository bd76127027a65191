"""Many conversations to flat buffers: one call of the encoder for about 256 KB of contents.

The contents are joined with a special token as separator, which an encoder never merges across,
encoded at once, and cut apart again; headers and weights are put in between. The result is that
of `Renderer.extend` and `chatfmt.weights`, which the tests hold it to. Contents that spell the
separator, and encodings other than tiktoken's, are encoded one by one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from contextlib import contextmanager
from itertools import accumulate, chain
from math import gcd
from operator import add, itemgetter, mul
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from chatfmt.errors import RenderError
from chatfmt.guard import LONGEST_RUN
from chatfmt.packed import SIZE, find, pack
from chatfmt.render import FRAME_FIELDS
from chatfmt.weights import message_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatfmt.conversation import Conversation
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
        return _put_together(map(encode, _parts(conversations)))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(num_threads) as pool:
        return _put_together(pool.map(encode, _parts(conversations)))


def _put_together(chunks: Iterable[_Chunk]) -> EncodedBatch:
    ids, weights, lengths = array("I"), array("f"), [0]
    for chunk in chunks:
        ids.frombytes(chunk.ids)
        weights.frombytes(chunk.weights)
        lengths += chunk.lengths
    return EncodedBatch(ids, array("q", accumulate(lengths)), weights)


class _Part(NamedTuple):
    """Some of the conversations, as columns with an entry for each message."""

    first: int
    """Index of the first conversation."""
    ends: list[int]
    """For each conversation, how many messages there are up to its end."""
    fields: list[dict[str, Any]]
    """What each message holds."""
    texts: list[str]
    """The contents."""


def _parts(conversations: Sequence[Conversation]) -> Iterator[_Part]:
    """Cut the conversations into parts of about `_CHUNK` characters."""
    part, size = _Part(0, [], [], []), 0
    for at, conversation in enumerate(conversations, 1):
        # __dict__, and each message only once: to go through a million of them takes time
        fields = [message.__dict__ for message in conversation.messages]
        texts = [each["content"] for each in fields]
        part.fields.extend(fields)
        part.texts.extend(texts)
        part.ends.append(len(part.texts))
        size += sum(map(len, texts))
        if size >= _CHUNK:
            yield part
            part, size = _Part(at, [], [], []), 0
    if part.ends:
        yield part


# All of a message that decides what is around its content.
_key = itemgetter(*FRAME_FIELDS, "weight")


class _Encoder:
    """Encodes parts of a list of conversations; several threads may call it at once.

    ``map``, ``zip`` and ``join`` do most of the work, on whole columns.
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

    def __call__(self, part: _Part) -> _Chunk:
        around = self._look_up(part) if self._by_itself else self._look_around(part)
        contents = self._contents(part, around)
        ends = part.ends
        if self._prologue.head:  # it goes before each conversation like a message of its own
            around = _put_before(self._prologue, around, ends)
            contents = _put_before(b"", contents, ends)
            ends = [end + more for more, end in enumerate(ends, 1)]
        if not around:
            return _Chunk(b"", [0] * len(ends), b"")
        heads, closes, head_weights, weights, close_weights, sizes, _ = zip(*around, strict=True)
        counts = [len(content) // SIZE for content in contents]
        totals = [0, *accumulate(map(add, sizes, counts))]
        starts = [0, *ends[:-1]]
        return _Chunk(
            _interleaved(heads, contents, closes),
            [totals[stop] - totals[start] for start, stop in zip(starts, ends, strict=True)],
            _interleaved(head_weights, map(mul, weights, counts), close_weights),
        )

    def _look_up(self, part: _Part) -> list[_Around]:
        """What is around each of the messages, which no neighbour changes."""
        known = self._known
        try:
            return list(map(known.__getitem__, map(_key, part.fields)))
        except KeyError:
            return [
                known.get(key) or self._make_around(part, nth, key)
                for nth, key in enumerate(map(_key, part.fields))
            ]

    def _make_around(self, part: _Part, nth: int, key: tuple[object, ...]) -> _Around:
        at, index = _place(part, nth)
        message = self._conversations[at].messages[index]
        with _noting(at):
            [weight] = message_weights([message], self._train_on)
            around = _pack_around(self._renderer.frame(message, index), weight)
        if message.reasoning is None:  # a text that hardly ever returns
            self._known[key] = around
        return around

    def _look_around(self, part: _Part) -> list[_Around]:
        """What is around each of the messages, seen among its neighbours."""
        around: list[_Around] = []
        for at in range(part.first, part.first + len(part.ends)):
            messages = self._conversations[at].messages
            with _noting(at):
                weights = message_weights(messages, self._train_on)
                frames = self._renderer.frames(messages)
                around += map(_pack_around, frames, weights)
        return around

    def _contents(self, part: _Part, around: Sequence[_Around]) -> list[bytes]:
        """The packed ids of each message's content, and of the suffix that is one with it."""
        suffixes = [one.suffix for one in around]
        texts = list(map(add, part.texts, suffixes)) if any(suffixes) else part.texts
        contents = None
        if texts and self._encode_joined and self._separator:
            contents = self._together(self._encode_joined, texts)
        if contents is None:
            contents = [self._alone(part, nth, text) for nth, text in enumerate(texts)]
        return contents

    def _together(
        self, encode_joined: Callable[[str, str], bytes], texts: list[str]
    ) -> list[bytes] | None:
        """All texts in one call, or None where one spells the separator, or may be too long."""
        joined = self._separator.join(texts)
        if joined.count(self._separator) != len(texts) - 1:
            return None
        if len(joined) > LONGEST_RUN and max(map(len, texts)) > LONGEST_RUN:
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

    def _alone(self, part: _Part, nth: int, text: str) -> bytes:
        """The packed ids of one text of the part."""
        try:
            return pack(self._renderer.encode(text, None))
        except RenderError:
            at, index = _place(part, nth)  # once more, to say where
        with _noting(at):
            return pack(self._renderer.encode(text, index))


def _place(part: _Part, nth: int) -> tuple[int, int]:
    """Conversation and message, of a message of the part."""
    at = bisect_right(part.ends, nth)
    return part.first + at, nth - (part.ends[at - 1] if at else 0)


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
