"""``make lines``: random format lines, and whether what accepted ones write is read back.

Each line that `ChatFormat` accepts writes random conversations. Their ids, other ids of the same
text and damaged ones are read whole, in chunks and one by one, by a tokenizer that has read nothing
before and by one that has read everything before: all must say the same. Prints how many lines
there were; for each finding its number, with which ``--seed S --first N --lines 1`` runs it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

from chatfmt import ChatFormat, ChatTokenizer, Conversation, FormatError, ParseError, RenderError
from fuzz.lines import TOKENS, ByteEncoding, message, row
from fuzz.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt import Message

_WORDS = ("user", "assistant", "name=", " to=", "\n\n", ": ", "er", "a\n", "ab", "aa", "xx", "\né")
_FENCES = ("\n", "a", " ", "^a", ":", "-", " to=", "<", "^\n", "é", "|")


class WordEncoding(ByteEncoding):
    """A token for each byte and for some longer texts, so that a text has many spellings."""

    def __init__(self) -> None:
        super().__init__(TOKENS)
        self._bytes = {i: bytes([i]) for i in range(256)}
        self._bytes |= {i: spelling.encode() for spelling, i in self.special_tokens.items()}
        self._words = {word.encode(): self.n_vocab + i for i, word in enumerate(_WORDS)}
        self._bytes |= {i: word for word, i in self._words.items()}
        self.n_vocab = len(self._bytes)

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id."""
        return self._bytes[token]

    def encode_ordinary(self, text: str) -> list[int]:
        """The longest token each time."""
        return self.spelled(text.encode(), None)

    def spelled(self, data: bytes, chance: random.Random | None) -> list[int]:
        """The ids of some bytes, each of the longest token, or of any that fits."""
        ids, at = [], 0
        while at < len(data):
            fitting = [word for word in self._words if data.startswith(word, at)]
            fitting.append(data[at : at + 1])
            word = max(fitting, key=len) if chance is None else chance.choice(fitting)
            ids.append(self._words.get(word, word[0]))
            at += len(word)
        return ids

    def respelled(self, ids: list[int], chance: random.Random) -> list[int]:
        """Other ids of the same text; a token may lie across what were two."""
        out: list[int] = []
        run = b""
        for token in ids:
            if token in self.special_tokens.values():
                out += [*self.spelled(run, chance), token]
                run = b""
            else:
                run += self._bytes[token]
        return out + self.spelled(run, chance)


ENCODING = WordEncoding()


def search(chance: random.Random) -> str:
    """One line and its conversations: "refused", or "accepted" where all is well."""
    source = Source(chance.randbytes(400))
    given = row(source)
    if chance.random() < 1 / 4:
        given["fences"] = chance.sample(_FENCES, chance.randint(1, 4))
    try:
        format = ChatFormat(**given)
    except FormatError:
        return "refused"
    learned = ChatTokenizer(format, ENCODING)
    for _ in range(4):
        source = Source(chance.randbytes(200))
        conversation = Conversation(messages=_carried(source, learned))
        ids = learned.encode(conversation)
        for spelled in (ids, ENCODING.respelled(ids, chance), ENCODING.respelled(ids, chance)):
            _check(spelled, learned, conversation, chance)
        every = [*range(0, ENCODING.n_vocab + 2, 7), *ENCODING.special_tokens.values()]
        _check(source.damaged(ids, every), learned, None, chance)
    return "accepted"


def _carried(source: Source, tok: ChatTokenizer) -> tuple[Message, ...]:
    """Messages that the format can carry, alone and after those before."""
    carried: list[Message] = []
    for _ in range(source.number() % 5):
        one = message(source, list(tok.format.templates))
        if one.reasoning and source.number() % 4 == 0:
            one = one.model_copy(update={"reasoning": ""})  # not the same as none
        try:
            tok.encode([*carried, one])
        except RenderError:
            continue
        carried.append(one)
    return tuple(carried)


def _check(
    ids: list[int], learned: ChatTokenizer, expected: Conversation | None, chance: random.Random
) -> None:
    """Every way to read the ids gives the same; ``expected``, unless they are damaged."""
    fresh = ChatTokenizer(learned.format, ENCODING)
    ways: dict[str, Callable[[], object]] = {
        "fresh": lambda: _decoded(fresh, ids),
        "fresh, again": lambda: _decoded(fresh, ids),
        "learned": lambda: _decoded(learned, ids),
        "parse": lambda: _parsed(fresh, ids),
        "whole": lambda: _streamed(fresh, [ids]),
        "one by one": lambda: _streamed(learned, [[token] for token in ids]),
        "chunks": lambda: _streamed(learned, _chunks(ids, chance)),
    }
    told = {name: way() for name, way in ways.items()}
    wanted = told["parse"] if expected is None else expected.messages
    for name, found in told.items():
        assert found == wanted, f"{name}: {ids}\n  expected {wanted}\n  found    {found}"


def _decoded(tok: ChatTokenizer, ids: list[int]) -> object:
    try:
        return tok.decode(ids).messages
    except ParseError as error:
        return error.issue


def _parsed(tok: ChatTokenizer, ids: list[int]) -> object:
    try:
        return tok.parse(ids).conversation.messages
    except ParseError as error:
        return error.issue


def _streamed(tok: ChatTokenizer, chunks: list[list[int]]) -> object:
    parser = tok.stream(None, strict=True)
    try:
        for chunk in chunks:
            parser.feed_all(chunk) if len(chunk) != 1 else parser.feed(chunk[0])
        parser.close()
    except ParseError as error:
        return error.issue
    return tuple(parser.messages)


def _chunks(ids: list[int], chance: random.Random) -> list[list[int]]:
    chunks, at = [], 0
    while at < len(ids):
        size = chance.randint(1, 6)
        chunks.append(ids[at : at + size])
        at += size
    return chunks


def line_of(seed: int, number: int) -> random.Random:
    """Where all decisions about a line come from."""
    return random.Random(f"{seed}:{number}")  # noqa: S311 - no secret


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and search."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.search", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    args = parser.parse_args(argv)
    counts = {"refused": 0, "accepted": 0, "broken": 0}
    end = time.monotonic() + args.seconds
    print(f"seed {args.seed}", flush=True)
    for number in range(args.first, args.first + args.lines):
        if time.monotonic() > end:
            break
        try:
            counts[search(line_of(args.seed, number))] += 1
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            counts["broken"] += 1
            print(f"--seed {args.seed} --first {number} --lines 1\n{_row(args.seed, number)}")
            print(traceback.format_exc(limit=-3), flush=True)
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    print(f"{sum(counts.values()):,} lines: {told}")
    return 1 if counts["broken"] else 0


def _row(seed: int, number: int) -> dict[str, Any]:
    return row(Source(line_of(seed, number).randbytes(400)))


if __name__ == "__main__":
    sys.exit(main())
