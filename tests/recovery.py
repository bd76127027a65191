"""Broken sequences, and what a lenient parse makes of them: tests/recovery.jsonl.

    python tests/recovery.py

tries all short sequences of what each format has and has not, and writes down the few that between
them show everything that comes about, with what is read. The file says what chatfmt does, not what
it must do: the rules are in docs/protocol.md. A change in it is to be seen, and wanted.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt import (
    ChatTokenizer,
    ContentDelta,
    HeaderField,
    MessageEnd,
    MessageStart,
    Stray,
)
from chatfmt.encodings import TiktokenEncoding, get_encoding
from formats_under_test import LINES, tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import tiktoken

    from chatfmt import StreamParser
    from chatfmt.wire.events import Event

FILE = Path(__file__).with_name("recovery.jsonl")

_TABLE = ("gpt-4o", "gpt-3.5-turbo", "llama-3", "nanochat", "harmony", "think")

_WORDS = {
    "gap": ["x ", "x", "y", "<s>x "],
    "apart": ["x", "y", "z", "<s>x<m>"],
    "labels": ["user", ": ", "narrator"],
    "joined": ["getElement", "get", "Element", " to=x", "<s>getElement<m>"],
    "thinks": ["user", "think ", "say ", "<s>user<m>say "],
    "closed": ["user", " Ann", " ok", "\n", "<s>user<m>hi"],
    "framed": ["user", "<s>user<m>", "<s>user<m>hi<z>"],
    "to": ["x", "user", "<s>x<m>user<z>"],
    "more": ["user", "<s>assistant<m>", "<s>assistant<m>hi<e>"],
    "several": ["user", "assistant", " to=x", "<s>assistant<m>hi<e>"],
    "harmony": ["user", "assistant", "narrator", ":x", " to=x", " "],
    "think": ["user", "\n", "\n\n", "<|im_start|>user\n<think>\nhi\n"],
    "llama-3": ["user", "\n\n", "<|start_header_id|>user<|end_header_id|>\n\n"],
    "nanochat": ["<|user_start|>hi"],
}
_OWL = get_encoding("cl100k_im").encode_ordinary("🦉")[:1]  # half a character
_STRANGE = 10_000_000
_LONGEST = 5
_MOST = 30_000  # sequences tried for a format


def tiktoken_of(tok: ChatTokenizer) -> tiktoken.Encoding:
    """What the encoding of a tokenizer of the tests is made of."""
    assert isinstance(tok.encoding, TiktokenEncoding)
    return tok.encoding.encoding


def ids_of(tok: ChatTokenizer, pieces: Iterable[str | int]) -> list[int]:
    """Text in which special tokens are special, and ids."""
    ids: list[int] = []
    for piece in pieces:
        if isinstance(piece, int):
            ids.append(piece)
        else:
            ids += tiktoken_of(tok).encode(piece, allowed_special="all")
    return ids


def reading(parser: StreamParser, events: Sequence[Event]) -> dict[str, list[str]]:
    """What was read, for people."""
    return {
        "messages": [repr(message) for message in parser.messages],
        "issues": [
            f"{kind} at {position}, in {state}: expected {expected}, found {found}"
            for kind, position, state, expected, found in parser.issues
        ],
        "spans": [
            f"{start}-{stop} {part} of {message}" + ", generated" * generated
            for start, stop, message, part, generated, _ in parser.spans
        ],
        "events": [_event(event) for event in events],
    }


def _event(event: Event) -> str:
    match event:
        case MessageStart(index, role):
            return f"{index} begins: {role}"
        case HeaderField(index, name, value):
            return f"{index} {name}: {value}"
        case ContentDelta(index, part, text):
            return f"{index} {part}: {text}"
        case Stray(index, token, text):
            return f"{index} stray: {text}, through {token}"
        case MessageEnd():
            return f"{event.index} ends at {event.token}"
        case _:
            return f"{event.index} calls: {event}"


def read(tok: ChatTokenizer, ids: Sequence[int]) -> dict[str, list[str]]:
    """What a lenient parse makes of the ids, one at a time."""
    parser = tok.stream(role=None)
    events = [event for token in ids for event in parser.feed(token)]
    return reading(parser, [*events, *parser.close()])


# -- which sequences are written down ---------------------------------------------------------


def _alphabet(name: str) -> list[str | int]:
    tok = tokenizer_for(name)
    special = [*dict.fromkeys([*tok.format.special_tokens, "<|endoftext|>"])]
    words = _WORDS.get(name, ["user", "assistant", "narrator", " name=x"])
    return [*special, *words, "hi", *_OWL, _STRANGE]


def _sequences(name: str) -> Iterator[tuple[str | int, ...]]:
    alphabet = _alphabet(name)
    lengths = (itertools.product(alphabet, repeat=n) for n in range(1, _LONGEST + 1))
    prologue = tokenizer_for(name).encode([])
    for pieces in itertools.islice(itertools.chain.from_iterable(lengths), _MOST):
        yield (*prologue, *pieces)
        if prologue and len(pieces) == 1:
            yield pieces


def _features(found: dict[str, list[str]]) -> set[tuple[str, str]]:
    """What comes about together, but neither places nor texts."""
    issues = [_plain(issue.split(": expected")[0]) for issue in found["issues"]]
    others = [_plain(span.split(" ", 1)[1]) for span in found["spans"]]
    others += [event.split(" ")[1] for event in found["events"]]
    return set(itertools.product(issues, others))


def _plain(text: str) -> str:
    return "".join(character for character in text if not character.isdigit())


def chosen() -> Iterator[dict[str, Any]]:
    """For each format few sequences that show all that comes about: each time what shows most."""
    for name in (*LINES, *_TABLE):
        tok = tokenizer_for(name)
        found = {pieces: read(tok, ids_of(tok, pieces)) for pieces in _sequences(name)}
        shows = {pieces: _features(row) for pieces, row in found.items()}
        left = set().union(*shows.values())
        while left:
            best = max(shows, key=lambda pieces: len(shows[pieces] & left))
            left -= shows[best]
            yield {"format": name, "pieces": best, **found[best]}


if __name__ == "__main__":
    with FILE.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen())
