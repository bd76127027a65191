"""``make lines``: random format lines, and whether what accepted ones write is read back.

Each line that `ChatFormat` accepts writes random conversations. Their ids, other ids of the same
text and damaged ones are read whole, in chunks and one by one, by a tokenizer that has read nothing
before and by one that has read everything before: all must say the same. One half of the lines is
drawn from the words for headers and free text; the other from every word of the language, and its
conversations are what random ways through the machine say. Prints how many lines there were; for
each finding its number, with which ``--seed S --first N --lines 1`` runs it again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
import traceback
from contextlib import closing
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt import ChatFormat, ChatTokenizer, Conversation, FormatError, ParseError, RenderError
from fuzz import building, walks
from fuzz.lines import TOKENS, ByteEncoding, message, row
from fuzz.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from chatfmt import Message

_WORDS = ("user", "assistant", "name=", " to=", "\n\n", ": ", "er", "a\n", "ab", "aa", "xx", "\né")
_FENCES = ("\n", "a", " ", "^a", ":", "-", " to=", "<", "^\n", "é", "|")


class WordEncoding(ByteEncoding):
    """A token for each byte and for some longer texts, so that a text has many spellings."""

    def __init__(self, special_tokens: Iterable[str]) -> None:
        super().__init__(special_tokens)
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


class Draw(NamedTuple):
    """How rows and conversations are drawn."""

    encoding: WordEncoding
    row: Callable[[random.Random], dict[str, Any]]
    conversations: Callable[[ChatTokenizer, random.Random], Iterable[Conversation]]


def search(chance: random.Random) -> str:
    """One line and its conversations: "refused", or "accepted" where all is well."""
    draw = chance.choice(DRAWS)
    try:
        format = ChatFormat(**draw.row(chance))
    except FormatError:
        return "refused"
    learned = ChatTokenizer(format, draw.encoding)
    special = draw.encoding.special_tokens.values()
    every = [*range(0, draw.encoding.n_vocab + 2, 7), *special]
    for conversation in draw.conversations(learned, chance):
        ids = learned.encode(conversation)
        for spelled in (ids, *(draw.encoding.respelled(ids, chance) for _ in range(2))):
            _check(spelled, learned, format.on_wire(conversation), chance)
        _check(Source(chance.randbytes(100)).damaged(ids, every), learned, None, chance)
    return "accepted"


def _row(chance: random.Random) -> dict[str, Any]:
    """A row of words for headers and free text, one role only once: that would be refused."""
    given = row(Source(chance.randbytes(400)))
    roles = given["roles"]
    if isinstance(roles, dict):
        spelled = {spelling: role for role, spelling in roles.items()}
        roles = {role: spelling for spelling, role in spelled.items()}
    given["roles"] = roles if isinstance(roles, dict) else [*dict.fromkeys(roles)]
    if isinstance(given["template"], dict):
        given["template"] = {role: given["template"][role] for role in given["roles"]}
    if chance.random() < 1 / 4:
        given["fences"] = chance.sample(_FENCES, chance.randint(1, 4))
    return given


def _conversations(tok: ChatTokenizer, chance: random.Random) -> Iterator[Conversation]:
    for _ in range(4):
        yield Conversation(messages=_carried(Source(chance.randbytes(200)), tok))


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


def _ways_through(tok: ChatTokenizer, chance: random.Random) -> Iterator[Conversation]:
    """The texts of random ways through the machine."""
    found = (walks.read_and_written(tok, chance) for _ in range(20))
    return islice((read for read in found if read is not None), 4)


DRAWS = (
    Draw(WordEncoding(TOKENS), _row, _conversations),
    Draw(WordEncoding(building.TOKENS), building.row, _ways_through),
)


def _check(
    ids: list[int], learned: ChatTokenizer, expected: Conversation | None, chance: random.Random
) -> None:
    """Every way to read the ids gives the same; ``expected``, unless they are damaged."""
    fresh = ChatTokenizer(learned.format, learned.encoding)
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


def attempt(seed: int, number: int) -> tuple[int, str]:
    """The outcome for a line: "refused", "accepted", or a traceback."""
    try:
        return number, search(line_of(seed, number))
    except Exception:  # noqa: BLE001 - whatever it is, it is a finding
        return number, traceback.format_exc(limit=-3)


def _attempts(
    seed: int, numbers: Iterable[int], jobs: int
) -> Generator[tuple[int, str], None, None]:
    one = partial(attempt, seed)
    if jobs == 1:
        yield from map(one, numbers)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(one, numbers, chunksize=50)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and search."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.search", description=__doc__)
    parser.add_argument("--accepted", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--lines", type=int, default=10**9, help="most, refused ones too")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--jobs", type=int, default=1, help="processes; default: %(default)s")
    args = parser.parse_args(argv)
    counts = {"refused": 0, "accepted": 0, "broken": 0}
    end = time.monotonic() + args.seconds
    print(f"seed {args.seed}", flush=True)
    numbers = range(args.first, args.first + args.lines)
    with closing(_attempts(args.seed, numbers, args.jobs)) as attempts:
        while counts["accepted"] < args.accepted and time.monotonic() < end:
            number, told = next(attempts, (0, ""))
            if not told:
                break
            counts[told if told in counts else "broken"] += 1
            if told == "accepted" and counts["accepted"] % 1000 == 0:
                print(f"{counts['accepted']:,} accepted", file=sys.stderr, flush=True)
            if told not in counts:
                print(f"--seed {args.seed} --first {number} --lines 1")
                print(f"{_drawn(args.seed, number)}\n{told}", flush=True)
    told = ", ".join(f"{found:,} {what}" for what, found in counts.items())
    print(f"{sum(counts.values()):,} lines: {told}")
    return 1 if counts["broken"] else 0


def _drawn(seed: int, number: int) -> dict[str, Any]:
    chance = line_of(seed, number)
    return chance.choice(DRAWS).row(chance)


if __name__ == "__main__":
    sys.exit(main())
