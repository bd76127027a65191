"""The conversations that are measured: real ones where there are any, and made ones of four kinds.

The made ones have a varied vocabulary: words are ordinary tokens of o200k_base, the frequent ones
(low ranks) more often than the rare, as in language. They come out the same every time.
"""

from __future__ import annotations

import functools
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import regex

from chatfmt import Conversation, Message
from chatfmt.encodings import get_encoding
from real_data import FILES, real_conversations

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SETS", "contents", "conversations", "prose"]


@functools.cache
def _words(pattern: str) -> list[str]:
    """All tokens that are such a word, the frequent ones first."""
    encoding = get_encoding("o200k_im")
    texts = (
        encoding.decode_single_token_bytes(token).decode(errors="replace")
        for token in range(199_998)
    )
    return list(filter(regex.compile(pattern).fullmatch, texts))


def _word(chance: random.Random, pattern: str) -> str:
    """One of them; by Zipf's law the chance of a word falls with its rank."""
    words = _words(pattern)
    return words[int(len(words) ** chance.random()) - 1]


def _sentence(chance: random.Random, words: int) -> str:
    first, *rest = (_word(chance, " [a-z]{2,12}") for _ in range(words))
    rest = [word + "," * (chance.random() < 0.07) for word in rest]
    return first.strip().capitalize() + "".join(rest) + chance.choice(".....??!")


def prose(chance: random.Random, tokens: int) -> str:
    """English-like text of about so many tokens, in paragraphs."""
    sentences: list[str] = []
    while tokens > 0:
        words = min(tokens, chance.randint(8, 24))
        sentences.append(_sentence(chance, words) + chance.choice("      \n"))
        tokens -= words + 2
    return "".join(sentences).rstrip()


def _short(chance: random.Random) -> str:
    return _sentence(chance, chance.randint(10, 20))


def _long(chance: random.Random) -> str:
    return prose(chance, 1500)


def _code(chance: random.Random) -> str:
    def name() -> str:
        return "_".join(_word(chance, "[a-z]{3,10}") for _ in range(chance.randint(1, 3)))

    def function() -> str:
        lines = [f"def {name()}({name()}: int, {name()}: str = {chance.random():.3f}) -> None:"]
        lines += [f'    """{_sentence(chance, 6)}"""']
        for _ in range(chance.randint(2, 5)):
            lines += [f"    for {name()} in range({chance.randint(2, 9999)}):"]
            lines += [f"        if {name()}.{name()}[{chance.randint(0, 9)}] != '{name()}':"]
            lines += [f"            self.{name()}({name()}, key=lambda x: x.{name()})"]
        return "\n".join([*lines, f"    return {{'{name()}': {name()}}}"])

    functions = "\n\n\n".join(function() for _ in range(3))
    return f"```python\n{functions}\n```"


def _cjk(chance: random.Random) -> str:
    return "".join(
        "".join(_word(chance, r"\p{Han}") for _ in range(chance.randint(6, 24)))
        + chance.choice(",,,。。?")
        for _ in range(chance.randint(1, 12))
    )


_MADE: dict[str, tuple[Callable[[random.Random], str], int]] = {
    "short": (_short, 10),
    "long": (_long, 4),
    "code": (_code, 6),
    "cjk": (_cjk, 8),
}
"""How a content is made, and how many messages a conversation has."""


@functools.cache
def _real() -> tuple[Conversation, ...]:
    """All that were given, in an order that mixes the files; none where none were given.

    Without annotations: a weight of their own would be news to the peers.
    """
    beside = Path(__file__).resolve().parents[2] / "shared"
    data = Path(os.environ.get("CHATFMT_SHARED") or beside) / "data"
    found = [c for file in FILES if data.is_dir() for c in real_conversations(data / file)]
    random.Random(0).shuffle(found)
    return tuple(conversation.on_wire() for conversation in found)


@functools.cache
def conversations(name: str, characters: int) -> list[Conversation]:
    """Conversations with about so many characters of content, real ones once each at most."""
    chance, size = random.Random(name), 0
    found: list[Conversation] = []
    real = iter(_real() if name == "real" else ())
    while size < characters:
        if name == "real":
            conversation = next(real, None)
            if conversation is None:
                break
        else:
            make, messages = _MADE[name]
            conversation = Conversation(
                messages=tuple(
                    Message(role=("user", "assistant")[i % 2], content=make(chance))
                    for i in range(messages)
                )
            )
        found.append(conversation)
        size += sum(len(message.content) for message in conversation.messages)
    return found


def contents(chosen: list[Conversation]) -> list[str]:
    """The contents of all messages."""
    return [message.content for conversation in chosen for message in conversation.messages]


SETS = (*_MADE, *(["real"] if _real() else []))
