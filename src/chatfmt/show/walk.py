"""Turn spans into pieces (a token, or tokens that share a character), and pieces into blocks."""

from __future__ import annotations

import codecs
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from chatfmt.show.unseen import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.conversation import Conversation
    from chatfmt.errors import Issue
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.spans import OpenMessage, Part, Span

__all__ = ["Block", "Piece", "Showable", "blocks", "pieces", "summary", "title", "totals", "units"]

Kind: TypeAlias = Literal["text", "special", "unknown"]


class Showable(Protocol):
    """The parts of a transcript used here, because `Transcript` itself cannot be imported."""

    ids: list[int]
    spans: list[Span]
    issues: list[Issue]
    _binding: Binding

    @property
    def conversation(self) -> Conversation:
        """The messages."""

    @property
    def open(self) -> OpenMessage | None:
        """The message that has not ended."""

    def weights(self) -> list[float]:
        """The loss weight of each id."""


class Piece(NamedTuple):
    """One token, or the tokens that share a character.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> [*pieces(tok.render([{"role": "user", "content": "hi"}]))][3].text
    'hi'
    """

    start: int
    """Position of the first id."""
    ids: tuple[int, ...]
    data: tuple[bytes, ...]
    """The bytes of each id; empty for an id outside the encoding."""
    text: str
    """The text of the ids together; U+FFFD for invalid UTF-8."""
    kind: Kind
    message: int | None
    part: Part
    weight: float
    """The loss weight of each id, as in `Transcript.weights`."""


class Block(NamedTuple):
    """Pieces that belong together: a message, or ids outside any message.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> [block] = blocks(tok.render([{"role": "user", "content": "hi"}]))
    >>> block.label, block.tokens, block.trained
    ('user', 5, 0)
    """

    message: int | None
    role: str | None
    """None for the prologue and for stray ids."""
    name: str | None
    pieces: list[Piece]

    @property
    def label(self) -> str:
        """The block's title."""
        return (self.role or "?") if self.message is not None else self.pieces[0].part

    @property
    def tokens(self) -> int:
        """The number of ids."""
        return sum(len(piece.ids) for piece in self.pieces)

    @property
    def trained(self) -> int:
        """The number of ids with a weight above 0."""
        return sum(len(piece.ids) for piece in self.pieces if piece.weight)


def pieces(transcript: Showable) -> Iterator[Piece]:
    """The pieces of a transcript, in order; their ids are its ids.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> [(p.text, p.part) for p in pieces(tok.render([{"role": "user", "content": "hi"}]))][1:3]
    [('user', 'header'), ('<|im_sep|>', 'header')]
    """
    ids, weights = transcript.ids, transcript.weights()
    for start, stop, message, part, _, _ in transcript.spans:
        at = start
        for kind, text, data in units(transcript._binding, ids[start:stop]):
            own = tuple(ids[at : at + len(data)])
            yield Piece(at, own, data, text, kind, message, part, weights[at])
            at += len(data)


def units(binding: Binding, ids: Iterable[int]) -> Iterator[tuple[Kind, str, tuple[bytes, ...]]]:
    """The ids, cut wherever a character is complete: their kind, their text, the bytes of each."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    waiting: list[bytes] = []
    text = ""
    for token in ids:
        try:
            data = binding.text[token]
        except KeyError:
            if waiting:
                yield "text", text + decoder.decode(b"", final=True), tuple(waiting)
                waiting, text = [], ""
            spelled = binding.spellings.get(token)
            if spelled is None:
                yield "unknown", "", (b"",)
            else:
                yield "special", spelled, (spelled.encode(),)
            continue
        waiting.append(data)
        text += decoder.decode(data)
        if not decoder.getstate()[0]:
            yield "text", text, tuple(waiting)
            waiting, text = [], ""
    if waiting:
        yield "text", text + decoder.decode(b"", final=True), tuple(waiting)


def blocks(transcript: Showable) -> list[Block]:
    """The pieces, grouped by message.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> [block.role for block in blocks(tok.render([{"role": "user", "content": "hi"}]))]
    ['user']
    """
    messages, opened = transcript.conversation.messages, transcript.open
    found: list[Block] = []
    for index, group in groupby(pieces(transcript), key=lambda piece: piece.message):
        role = name = None
        if index is not None and index < len(messages):
            role, name = messages[index].role, messages[index].name
        elif index is not None and opened is not None:
            role, name = opened.role, opened.name
        found.append(Block(index, role, name, list(group)))
    return found


def totals(shown: Iterable[Block]) -> dict[str, int]:
    """Tokens of each role (or part outside messages), in order of appearance.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> totals(blocks(tok.render([{"role": "user", "content": "hi"}])))
    {'user': 5}
    """
    counts: Counter[str] = Counter()
    for block in shown:
        counts[block.label] += block.tokens
    return dict(counts)


def title(block: Block, *, weights: bool) -> str:
    """The facts shown after a block's label."""
    facts = [] if block.name is None else [one_line(block.name)]
    facts.append(f"{block.tokens} token{'s' * (block.tokens != 1)}")
    if weights:
        facts += [f"trained {block.trained}", *_odd_weights(block)]
    return f" {' · '.join(facts)}"


def _odd_weights(block: Block) -> list[str]:
    odd = sorted({piece.weight for piece in block.pieces} - {0.0, 1.0})
    return [f"weight {weight:g}" for weight in odd]


def summary(shown: list[Block], *, weights: bool) -> str:
    """The number of tokens, in all and for each role."""
    counts = totals(shown)
    parts = [f"{sum(counts.values())} tokens"]
    parts += [f"{one_line(label)} {count}" for label, count in counts.items()]
    if weights:
        parts.append(f"trained {sum(block.trained for block in shown)}")
    return " · ".join(parts)
