"""Encode many conversations at a time to flat ids, labels and weights.

A conversation of a known `chatfmt.training.shapes.Shape` differs from others only in its texts.
Texts of many are encoded in one call (`chatfmt.training.joined`), and the frames are woven in. The
tests check that the result equals that of `chatfmt.training.examples` to the byte. Conversations
without a shape are left to that module.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from chatfmt.conversation import Message
from chatfmt.encodings.guard import LONGEST_RUN
from chatfmt.errors import ChatfmtError
from chatfmt.training.joined import JoinedCall
from chatfmt.training.shapes import Shape, make_shape
from chatfmt.training.weights import message_weights
from chatfmt.wire.fast.packed import SIZE, pack
from chatfmt.wire.kept import Kept
from chatfmt.wire.plans import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.conversation import Conversation
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["FlatEncoder", "FlatExample", "Laid"]

_CHUNK = 128 * 1024
"""Characters that are encoded in one call."""

Laid: TypeAlias = "tuple[Shape, list[str]]"
"""A conversation: its shape, and its texts."""


_Key = TypeVar("_Key")


class FlatExample(NamedTuple):
    """An example, packed."""

    ids: bytes
    """uint32."""
    labels: bytes
    """int32."""
    weights: bytes
    """float32; empty if not asked for."""
    is_trained: bool
    """Whether it has a label."""

    @property
    def tokens(self) -> int:
        """How many ids there are."""
        return len(self.ids) // SIZE

    def columns(self, *, weights: bool) -> tuple[bytes, ...]:
        """Ids, labels, and weights if asked for."""
        return self[:3] if weights else self[:2]


class FlatEncoder:
    """Encodes conversations by their shapes, for one format in one encoding.

    ``train_on`` is one of the words of `TrainOn`: with a function, no conversation has a shape.
    """

    def __init__(
        self,
        renderer: Renderer,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        ignore_index: int = -100,
        weights: bool = True,
    ) -> None:
        self._renderer = renderer
        self._train_on, self._train_end = train_on, train_end
        self._ignore = array("i", [ignore_index]).tobytes()
        self._ignore_index = ignore_index
        self._weights = weights
        self._joined = JoinedCall(renderer.binding)
        self._plain: Kept[tuple[str, ...], Shape | None] = Kept()
        """The shapes of conversations that are roles and texts, by the roles."""
        self._shapes: Kept[tuple[object, ...], Shape | None] = Kept()

    def plain(self, roles: tuple[str, ...], contents: list[str]) -> Laid | None:
        """A conversation of messages with these roles and contents, none of them empty."""
        try:
            shape = self._plain.known[roles]
        except KeyError:
            shape = self._find(_messages(roles, contents), roles, self._plain)
        if shape is None or shape.is_bare:
            return shape and (shape, contents)
        texts = shape.texts(contents, _messages(roles, contents) if shape.has_plans else None)
        return None if texts is None else (shape, texts)

    def conversation(self, conversation: Conversation) -> Laid | None:
        """Any conversation; None if it has no shape."""
        messages = conversation.messages
        if self._renderer.for_tools(conversation.tools) is not self._renderer:
            return None
        key = tuple([(shape_of(message), message.weight) for message in messages])
        try:
            shape = self._shapes.known[key]
        except KeyError:
            shape = self._find(messages, key, self._shapes)
        if shape is None:
            return None
        texts = shape.texts([message.content for message in messages], messages)
        return None if texts is None else (shape, texts)

    def _find(
        self, messages: Sequence[Message] | None, key: _Key, known: Kept[_Key, Shape | None]
    ) -> Shape | None:
        """The shape of a conversation, remembered under this key."""
        if messages is None or callable(self._train_on):
            return None
        factors = message_weights(messages, self._train_on)
        try:
            shape = make_shape(
                self._renderer,
                messages,
                factors,
                train_end=self._train_end,
                ignore_index=self._ignore_index,
            )
        except ChatfmtError:  # perhaps for its texts, which others of the shape do not have
            return None
        known.keep(key, shape, len(messages) + (0 if shape is None else shape.size))
        return shape

    def encode(self, laid: Iterable[Laid | None]) -> list[FlatExample | None]:
        """The examples; None for one that must be encoded separately to report its error."""
        found: list[FlatExample | None] = []
        chunk: list[Laid | None] = []
        size = 0
        for one in laid:
            chunk.append(one)
            size += 0 if one is None else sum(map(len, one[1]))
            if size >= _CHUNK:
                found += self._encode(chunk)
                chunk, size = [], 0
        return found + self._encode(chunk)

    def _encode(self, laid: Sequence[Laid | None]) -> list[FlatExample | None]:
        texts = [text for one in laid if one is not None for text in one[1]]
        contents = self._joined.apart(self._joined.encode(texts), len(texts)) if texts else []
        if contents is None:
            return [one and self._alone(one) for one in laid]
        found: list[FlatExample | None] = []
        at = 0
        for one in laid:
            if one is None:
                found.append(None)
                continue
            stop = at + len(one[1])
            found.append(self._woven(one[0], contents[at:stop]))
            at = stop
        return found

    def _alone(self, laid: Laid) -> FlatExample | None:
        """The same, text by text."""
        shape, texts = laid
        encode = self._renderer.binding.encoding.encode_ordinary
        if max(map(len, texts), default=0) > LONGEST_RUN:
            return None
        try:
            return self._woven(shape, [pack(encode(text)) for text in texts])
        except UnicodeEncodeError:
            return None

    def _woven(self, shape: Shape, contents: list[bytes]) -> FlatExample:
        """Join the frames with the ids, labels and weights of the texts between them."""
        count = 2 * len(contents) + 1
        pieces = [b""] * count
        pieces[::2], pieces[1::2] = shape.ids, contents
        ids = b"".join(pieces)
        pieces[::2] = shape.labels
        pieces[1::2] = [
            content if factor else self._ignore * (len(content) // SIZE)
            for content, factor in zip(contents, shape.factors, strict=True)
        ]
        labels = b"".join(pieces)
        weights = b""
        if self._weights:
            pieces[::2] = shape.weights
            pieces[1::2] = [
                array("f", [factor]).tobytes() * (len(content) // SIZE)
                for content, factor in zip(contents, shape.factors, strict=True)
            ]
            weights = b"".join(pieces)
        trained = shape.trains or any(
            factor and content for factor, content in zip(shape.factors, contents, strict=True)
        )
        return FlatExample(ids, labels, weights, trained)


def _messages(roles: Sequence[str], contents: Sequence[str]) -> list[Message] | None:
    """The messages; None if one of them is invalid."""
    try:
        return [
            Message(role=role, content=content)
            for role, content in zip(roles, contents, strict=True)
        ]
    except ValueError:
        return None
