"""What calls and results cost: an id of an agent's conversation beside one of the same as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.agents import AGENTS, agents, plainly, tokenizer
from benchmarks.table import Row, Target
from benchmarks.timing import Pair, alternate
from chatfmt import stream_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.rows import Scale
    from chatfmt import ChatTokenizer, Conversation
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["calls"]

_WANTED = 1.5


def _works(
    tok: ChatTokenizer, chats: Sequence[Conversation]
) -> dict[str, tuple[Callable[[], object], bool]]:
    """What is done with conversations, and whether a bound is set for it."""
    encoded = [tok.encode(chat) for chat in chats]

    def streamed() -> None:
        for ids in encoded:
            for _ in stream_events(_reader(tok), ids):
                pass

    return {
        "encode": (lambda: [tok.encode(chat) for chat in chats], True),
        "encode and weights": (lambda: [tok.encode_for_training(chat) for chat in chats], True),
        "batch": (lambda: tok.encode_batch(chats), True),
        "decode": (lambda: [tok.decode(ids) for ids in encoded], True),
        "parse": (lambda: [tok.parse(ids) for ids in encoded], False),
        "stream of events": (streamed, False),
    }


def _reader(tok: ChatTokenizer) -> StreamParser:
    parser = tok.stream(None)
    parser.stop_tokens = frozenset()
    return parser


def calls(scale: Scale) -> Iterator[Row]:
    for name in AGENTS:
        tok = tokenizer(name)
        with_calls = agents(name, max(1, scale.characters // 6500))
        plain = plainly(name, with_calls)
        counts = [sum(len(tok.encode(chat)) for chat in chats) for chats in (plain, with_calls)]
        for chats in (plain, with_calls):
            found = [tok.decode(tok.encode(chat)) for chat in chats]
            if found != chats:
                raise RuntimeError(f"not read back: {name}")
        works, others = _works(tok, plain), _works(tok, with_calls)
        for what, (work, bound) in works.items():
            pair = alternate(work, others[what][0], seconds=scale.seconds)
            each = Pair(*([t / n for t in times] for times, n in zip(pair, counts, strict=True)))
            target = Target("ratio", "≤", _WANTED) if bound else None
            yield Row.of(
                f"{what} of text",
                name,
                "the same with calls and results",
                "ns a token",
                each,
                target=target,
            )
