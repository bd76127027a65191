"""Encode many conversations at a time to flat ids, labels and weights.

The texts of many conversations are encoded in one call (`chatfmt.training.joined`), and the ids
between them (`chatfmt.training.shapes`) are put in. The tests check that the result equals that of
`chatfmt.training.examples` to the byte. That module also encodes everything that may be refused.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.conversation import Message
from chatfmt.errors import ChatfmtError
from chatfmt.training.joined import JoinedCall
from chatfmt.training.shapes import Block, Laid, Shapes, joined
from chatfmt.wire.fast.packed import SIZE, pack
from chatfmt.wire.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Executor

    from chatfmt.conversation import Conversation
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["FlatEncoder", "FlatExample"]

_CHUNK = 128 * 1024
"""Characters that are encoded in one call."""


class FlatExample(NamedTuple):
    """An example, packed."""

    ids: bytes
    """uint32."""
    labels: bytes
    """int32; empty if not asked for."""
    weights: bytes
    """float32; empty if not asked for."""
    is_trained: bool
    """Whether an id has a weight."""

    @property
    def tokens(self) -> int:
        """How many ids there are."""
        return len(self.ids) // SIZE

    def columns(self, *, weights: bool) -> tuple[bytes, ...]:
        """Ids, labels, and weights if asked for."""
        return self[:3] if weights else self[:2]


class _Turns(NamedTuple):
    """The common parts of conversations that have only roles and texts, and the same roles."""

    whole: list[Block]
    """One block for all messages."""
    each: list[Block]
    """A block for each message."""
    are_bare: bool
    """Whether the texts that are encoded are exactly the contents."""
    have_plans: bool
    """Whether plans make texts of whole messages."""

    @classmethod
    def of(cls, blocks: list[Block], count: int) -> _Turns:
        each = blocks[-count:]  # without the prologue
        return cls(
            [Block(joined(blocks))],
            each,
            all((block.prefix, block.suffix) == ("", "") for block in each),
            any(block.plan is not None for block in each),
        )

    def texts(self, contents: Sequence[str]) -> list[str]:
        """The texts of a conversation with these contents, if there are no plans."""
        return [
            prefix + content + (suffix or "")
            for content, (_, prefix, suffix, _) in zip(contents, self.each, strict=True)
        ]

    def planned(self, messages: Sequence[Message]) -> list[str] | None:
        """The texts of a conversation of these messages; None if one may be refused."""
        texts: list[str] = []
        for message, (_, prefix, suffix, plan) in zip(messages, self.each, strict=True):
            if plan is None:
                texts.append(prefix + message.content + (suffix or ""))
                continue
            runs = plan.runs(message)
            if runs is None:
                return None
            texts += runs
        return texts


class FlatEncoder:
    """Encodes conversations, for one format in one encoding."""

    def __init__(
        self,
        renderer: Renderer,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        ignore_index: int = -100,
        labels: bool = True,
        weights: bool = True,
    ) -> None:
        self._renderer = renderer
        self._train_on = train_on
        self._ignore = array("i", [ignore_index]).tobytes()
        self._labels, self._weights = labels, weights
        self._joined = JoinedCall(renderer.binding)
        self._how: dict[str, Any] = {
            "train_on": train_on,
            "train_end": train_end,
            "ignore_index": ignore_index,
        }
        self._shapes = Shapes(renderer, **self._how)
        self._others: Kept[int, Shapes] = Kept()
        """The shapes for conversations with certain tools, by the identity of their renderer."""
        self._turns: Kept[tuple[str, ...], _Turns] = Kept()
        """The common parts of conversations that have only roles and texts, by the roles."""

    def plain(self, roles: tuple[str, ...], contents: list[str]) -> Laid | None:
        """A conversation of messages with these roles and contents, none of them empty.

        None if it must be encoded separately to report its error.
        """
        turns = self._turns.known.get(roles)
        if turns is not None and turns.are_bare:
            return Laid(turns.whole, contents)
        if turns is not None and not turns.have_plans:
            return Laid(turns.whole, turns.texts(contents))
        messages = _messages(roles, contents)
        if messages is None:
            return None
        if turns is None:
            return self._first(roles, messages)
        texts = turns.planned(messages)
        return None if texts is None else Laid(turns.whole, texts)

    def _first(self, roles: tuple[str, ...], messages: Sequence[Message]) -> Laid | None:
        laid = self._lay(messages)
        if laid is None or callable(self._train_on):
            return laid
        if all(block.suffix is not None or block.plan for block in laid.blocks[-len(roles) :]):
            turns = _Turns.of(laid.blocks, len(roles))
            self._turns.keep(roles, turns, len(roles) + turns.whole[0].shape.size)
        return laid

    def conversation(self, conversation: Conversation) -> Laid | None:
        """Any conversation; None if it must be encoded separately."""
        renderer = self._renderer.for_tools(conversation.tools)
        if renderer is self._renderer:
            return self._lay(conversation.messages)
        shapes = self._others.known.get(id(renderer))
        if shapes is None:
            shapes = Shapes(renderer, **self._how)
            self._others.keep(id(renderer), shapes, 1)
        return self._lay(conversation.messages, shapes)

    def _lay(self, messages: Sequence[Message], shapes: Shapes | None = None) -> Laid | None:
        try:
            return (shapes or self._shapes).lay(messages)
        except ChatfmtError:
            return None

    def encode(
        self, laid: Iterable[Laid | None], pool: Executor | None = None
    ) -> list[FlatExample | None]:
        """The examples; None for one that must be encoded separately to report its error.

        Texts are encoded in the threads of the pool, if there is one, while others are laid out.
        """
        if pool is None:
            # One step for all chunks, then the next: walking many Python objects evicts the
            # encoder's tables from the processor's cache.
            chunks = [*_chunks(laid)]
            contents = [self._contents(chunk) for chunk in chunks]
        else:
            started = [(chunk, pool.submit(self._contents, chunk)) for chunk in _chunks(laid)]
            chunks = [chunk for chunk, _ in started]
            contents = [future.result() for _, future in started]
        return [
            example
            for chunk, texts in zip(chunks, contents, strict=True)
            for example in self._examples(chunk, texts)
        ]

    def _contents(self, chunk: Sequence[Laid | None]) -> list[bytes] | None:
        """The packed ids of each text of a chunk; None if they must be encoded one by one."""
        texts = [text for laid in chunk if laid is not None for text in laid.texts]
        return self._joined.apart(self._joined.encode(texts), len(texts)) if texts else []

    def _examples(
        self, chunk: Sequence[Laid | None], contents: list[bytes] | None
    ) -> Iterator[FlatExample | None]:
        at = 0
        for laid in chunk:
            if laid is None:
                yield None
            elif contents is None:
                yield self._alone(laid)
            else:
                stop = at + len(laid.texts)
                yield self._woven(laid.blocks, contents[at:stop])
                at = stop

    def _alone(self, laid: Laid) -> FlatExample | None:
        """The same, text by text."""
        encode = self._renderer.encode
        try:
            return self._woven(laid.blocks, [pack(encode(text, None)) for text in laid.texts])
        except ChatfmtError:
            return None

    def _woven(self, blocks: Sequence[Block], contents: Sequence[bytes]) -> FlatExample:
        """Join the frames with the ids, labels and weights of the texts between them."""
        factors = [factor for block in blocks for factor in block.shape.factors]
        labels = weights = b""
        if self._labels:
            ignore = self._ignore
            texts = [
                text if factor else ignore * (len(text) // SIZE)
                for factor, text in zip(factors, contents, strict=True)
            ]
            labels = _interleaved([block.shape.labels for block in blocks], texts)
        if self._weights:
            texts = [
                _packed(factor) * (len(text) // SIZE)
                for factor, text in zip(factors, contents, strict=True)
            ]
            weights = _interleaved([block.shape.weights for block in blocks], texts)
        trained = any(block.shape.trains for block in blocks) or any(
            factor and text for factor, text in zip(factors, contents, strict=True)
        )
        ids = _interleaved([block.shape.ids for block in blocks], contents)
        return FlatExample(ids, labels, weights, trained)


def _interleaved(around: Iterable[Sequence[bytes]], texts: Iterable[bytes]) -> bytes:
    """The pieces around texts, with these between them."""
    joined: list[bytes] = []
    add, following = joined.append, iter(texts)
    for first, *others in around:
        add(first)
        for piece in others:
            add(next(following))
            add(piece)
    return b"".join(joined)


@lru_cache(1024)
def _packed(factor: float) -> bytes:
    """A weight as float32."""
    return array("f", [factor]).tobytes()


def _chunks(laid: Iterable[Laid | None]) -> Iterator[list[Laid | None]]:
    """Conversations whose texts are encoded in one call."""
    chunk: list[Laid | None] = []
    size = 0
    for one in laid:
        chunk.append(one)
        size += 0 if one is None else sum(map(len, one.texts))
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    yield chunk


def _messages(roles: Sequence[str], contents: Sequence[str]) -> list[Message] | None:
    """The messages; None if one of them is invalid."""
    try:
        return [
            Message(role=role, content=content)
            for role, content in zip(roles, contents, strict=True)
        ]
    except ValueError:
        return None
