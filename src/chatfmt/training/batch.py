"""Encode many conversations to flat buffers, with one call for a hundred kilobytes of text.

The contents are encoded together (`chatfmt.training.joined`), and their frames are inserted between
them. The tests check that the result equals that of `Renderer.extend` and
`chatfmt.training.weights`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chatfmt.errors import EncodingError, RenderError
from chatfmt.training.joined import JoinedCall
from chatfmt.training.weights import message_weights
from chatfmt.wire.fast.packed import SIZE, pack
from chatfmt.wire.frame import FRAME_FIELDS
from chatfmt.wire.kept import Kept
from chatfmt.wire.runs import begun_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.conversation import Conversation, Message
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.frame import Frame
    from chatfmt.wire.write import Renderer

__all__ = ["EncodedBatch", "encode_batch"]

_CHUNK = 128 * 1024
"""Characters."""


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


class _Chunk(NamedTuple):
    """Part of a batch, packed."""

    ids: bytes
    weights: bytes
    ends: list[int]
    """For each conversation, how many ids there are up to its end."""


class _Part(NamedTuple):
    """Some of the conversations, as columns with an entry for each message and each prologue."""

    first: int
    """Index of the first conversation."""
    chats: list[Conversation]
    ends: list[int]
    """For each conversation, how many entries there are up to its end."""
    texts: list[str]
    """The contents, each with the suffix that is one with it."""
    around: list[_Around]


_Around: TypeAlias = "tuple[bytes, bytes, bytes, bytes, bytes, int]"
"""The frame around contents of messages with one frame and one weight.

Packed ids of head and close; packed weights of the head, of one id of the content, and of the
close; how many ids head and close are. A plain tuple: unpacking a named one takes three times as
long.
"""

_Known: TypeAlias = "tuple[_Around, str, str | None]"
"""The frame around a content, its prefix and its suffix; see `chatfmt.wire.frames.Frame`."""


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
    encoder = _Encoder(renderer, train_on)
    if num_threads == 1:
        # One step for all parts, then the next: walking many Python objects evicts the encoder's
        # tables from the processor's cache.
        parts = [*encoder.parts(conversations)]
        packed = [encoder.encode(part) for part in parts]
        return _put_together(map(encoder.weave, parts, packed))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(num_threads) as pool:
        # Encoders release the interpreter's lock, so the next part is collected meanwhile.
        started = [
            (part, pool.submit(encoder.encode, part)) for part in encoder.parts(conversations)
        ]
        return _put_together(encoder.weave(part, done.result()) for part, done in started)


def _put_together(chunks: Iterable[_Chunk]) -> EncodedBatch:
    ids, weights, offsets = array("I"), array("f"), array("q", [0])
    for chunk in chunks:
        before = len(ids)
        offsets.extend(before + end for end in chunk.ends)
        ids.frombytes(chunk.ids)
        weights.frombytes(chunk.weights)
    return EncodedBatch(ids, offsets, weights)


# Everything of a message that decides the frame around its content.
_key = itemgetter(*FRAME_FIELDS, "weight")


class _Encoder:
    """Encodes conversations in parts: `parts` collects, `encode` encodes, `weave` puts together.

    Several threads may call `encode` at once. The two others are plain loops that touch each
    message once: it is the way to memory that takes time, not the interpreter.
    """

    def __init__(self, renderer: Renderer, train_on: TrainOn) -> None:
        self._renderer = renderer
        self._train_on = train_on
        # then the frame follows from the message alone, whatever its neighbours are
        self._by_itself = train_on in ("assistant", "all", "none") and renderer.by_itself
        self._known: Kept[tuple[object, ...], _Known] = Kept()
        self._joined = JoinedCall(renderer.binding)

    def parts(self, conversations: Iterable[Conversation]) -> Iterator[_Part]:
        """The conversations in parts of about `_CHUNK` characters."""
        prologue = _pack_prologue(self._renderer.prologue)
        part, size = _Part(0, [], [], [], []), 0
        for at, conversation in enumerate(conversations):
            if self._renderer.prologue:  # it goes before each like a message of its own
                part.texts.append("")
                part.around.append(prologue)
            try:
                size += self._collect(part, conversation)
            except ValueError as error:
                error.add_note(f"conversation {at}")
                raise
            part.chats.append(conversation)
            part.ends.append(len(part.texts))
            if size >= _CHUNK:
                yield part
                part, size = _Part(at + 1, [], [], [], []), 0
        yield part

    def _collect(self, part: _Part, conversation: Conversation) -> int:
        """Put the messages of a conversation into the columns; how many characters they have."""
        *_, texts, around = part
        known, size, messages = self._known.known, 0, conversation.messages
        renderer = self._renderer.for_tools(conversation.tools)
        if not self._by_itself or renderer is not self._renderer:
            weights = message_weights(messages, self._train_on)
            frames = renderer.frames(messages)
            roles = [*(message.role for message in messages[1:]), None][: len(messages)]
            unended = 0.0
            for message, framed, weight, following in zip(
                messages, frames, weights, roles, strict=True
            ):
                frame = framed.in_training(message.role, following)
                one, prefix, suffix = self._around(message, frame, weight, len(texts))
                if unended:
                    one = self._ending(one, frame, unended)
                unended = weight if frame.is_unended else 0.0
                text = "" if suffix is None else prefix + message.content + suffix
                texts.append(text)
                around.append(one)
                size += len(text)
            return size
        for index, message in enumerate(messages):
            fields = message.__dict__
            try:
                found = known[_key(fields)]
            except KeyError:  # an error raised in here would seem to be caused by this one
                found = None
            one, prefix, suffix = found or self._look_up(message, index)
            text = "" if suffix is None else prefix + fields["content"] + suffix
            texts.append(text)
            around.append(one)
            size += len(text)
        return size

    def _around(self, message: Message, frame: Frame, weight: float, index: int) -> _Known:
        """The frame around a content, or with it if its ids have different weights."""
        if not (frame.prefix and weight):
            return _pack_around(frame, weight), frame.prefix, frame.suffix
        content = self._renderer.content(frame.text(message), message, index)
        before = begun_before(self._renderer.binding, content, len(frame.prefix.encode()))
        marks = [(0, before, "header", False), (before, len(content), "content", True)]
        whole = frame._replace(head=[*frame.head, *content], suffix=None)
        shifted = [(a + len(frame.head), b + len(frame.head), p, g) for a, b, p, g in marks]
        whole = whole._replace(head_marks=[*frame.head_marks, *shifted])  # type: ignore[list-item]
        return _pack_around(whole, weight), "", None

    def _ending(self, around: _Around, frame: Frame, weight: float) -> _Around:
        """Its first id ends the message before, which has no end token, with this weight."""
        head, close, head_weights, one, close_weights, size = around
        if (frame.head or frame.close)[0] not in self._renderer.binding.stops:
            return around
        first = array("f", [weight]).tobytes()
        if frame.head:
            head_weights = first + head_weights[len(first) :]
        else:
            close_weights = first + close_weights[len(first) :]
        return head, close, head_weights, one, close_weights, size

    def _look_up(self, message: Message, index: int) -> _Known:
        [weight] = message_weights([message], self._train_on)
        frame = self._renderer.frame(message, index)
        found = self._around(message, frame, weight, index)
        if found[2] is not None:  # a frame that includes its content rarely recurs
            key = _key(message.__dict__)
            size = sum(len(field) for field in key[:-1] if field)  # the last is the weight
            self._known.keep(key, found, size + len(frame.head) + len(frame.close))
        return found

    def encode(self, part: _Part) -> bytes | list[bytes] | None:
        """The packed ids of all texts of the part; None where they are encoded one by one."""
        return self._joined.encode(part.texts)

    def _one_by_one(self, part: _Part) -> list[bytes]:
        return [self._alone(part, nth, text) for nth, text in enumerate(part.texts)]

    def weave(self, part: _Part, packed: bytes | list[bytes] | None) -> _Chunk:
        """The ids of a part, with the frame around each content, and the weights."""
        contents = self._joined.apart(packed, len(part.texts))
        if contents is None:
            contents = self._one_by_one(part)
        ids, weights, totals, total = list[bytes](), list[bytes](), [0], 0
        add_ids, add_weights = ids.append, weights.append
        for around, content in zip(part.around, contents, strict=True):
            head, close, head_weights, weight, close_weights, size = around
            count = len(content) // SIZE
            add_ids(head)
            add_ids(content)
            add_ids(close)
            add_weights(head_weights)
            add_weights(weight * count)
            add_weights(close_weights)
            total += size + count
            totals.append(total)
        return _Chunk(b"".join(ids), b"".join(weights), [totals[end] for end in part.ends])

    def _alone(self, part: _Part, nth: int, text: str) -> bytes:
        """The packed ids of one text of the part."""
        try:
            return pack(self._renderer.encode(text, None))
        except (RenderError, EncodingError):  # once more, to say where
            at = bisect_right(part.ends, nth)
            first = (part.ends[at - 1] if at else 0) + bool(self._renderer.prologue)
            index = nth - first
            try:
                return pack(self._renderer.content(text, part.chats[at].messages[index], index))
            except (RenderError, EncodingError) as error:
                error.add_note(f"conversation {part.first + at}")
                raise error from None


def _pack_around(frame: Frame, weight: float) -> _Around:
    spread = []
    for ids, marks in ((frame.head, frame.head_marks), (frame.close, frame.close_marks)):
        weights = [0.0] * len(ids)
        for start, stop, _, generated in marks:
            if generated:
                weights[start:stop] = [weight] * (stop - start)
        spread.append(array("f", weights).tobytes())
    one = array("f", [weight]).tobytes()
    size = len(frame.head) + len(frame.close)
    return pack(frame.head), pack(frame.close), spread[0], one, spread[1], size


def _pack_prologue(ids: list[int]) -> _Around:
    return pack(ids), b"", array("f", [0.0] * len(ids)).tobytes(), b"", b"", len(ids)
