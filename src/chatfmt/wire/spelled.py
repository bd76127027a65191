"""Turns text in which special tokens are spelled out into ids; it trusts the text's author.

Everything else in chatfmt keeps text and special tokens apart. Here ``<|im_end|>`` in a text is the
token, whoever wrote it there, a user included.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from chatfmt.conversation.wording import surrogate_in
from chatfmt.errors import shown

if TYPE_CHECKING:
    from chatfmt.encodings import TokenEncoding

__all__ = ["SpelledText", "check_trusted"]


def check_trusted(*, trusted: bool) -> None:
    """Refuse text unless the caller declares it to be trusted.

    Raises:
        ValueError: ``trusted`` is anything but True.
    """
    if trusted is not True:
        raise ValueError(
            "expected trusted=True, found "
            f"{shown(trusted)}: a special token that is spelled in the text counts as the token, "
            "so whoever wrote a part of it can forge messages; read ids instead, with parse(), or "
            "pass trusted=True if the text comes from a place where no one can"
        )


class SpelledText:
    """Turns text into ids, piece by piece: `take` each piece, then `end`.

    If several special tokens begin at one place, the longest counts. A piece may end anywhere: text
    that may still become a special token is held back. Other text gets the ids that the encoding
    gives to the text between two special tokens, or to the part of it in one piece.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> text = SpelledText(tok.encoding)
    >>> text.take("hello<|im_"), text.take("end|>"), text.end()
    ([24912], [200265], [])
    """

    def __init__(self, encoding: TokenEncoding) -> None:
        self._encoding = encoding
        self._tokens = {spelling: int(token) for spelling, token in encoding.special_tokens.items()}
        self._pattern, self._begun, self._longest = _words(frozenset(self._tokens))
        self._held = ""

    def take(self, text: str) -> list[int]:
        """The ids that are certain by now.

        Raises:
            ValueError: the text has a lone surrogate.
            TypeError: it is not text.
        """
        if not isinstance(text, str):
            raise TypeError(f"expected text, found {shown(text)}; ids are read by parse()")
        if reason := surrogate_in(text):
            raise ValueError(reason)
        text = self._held + text
        at, stop, ids = 0, self._certain(text, 0), list[int]()
        while (found := self._pattern.search(text, at)) and found.start() < stop:
            ids += [*self._plain(text[at : found.start()]), self._tokens[found[0]]]
            at = found.end()
            stop = self._certain(text, at)
        self._held = text[stop:]
        return ids + self._plain(text[at:stop])

    def _certain(self, text: str, at: int) -> int:
        """Where text that may still become a special token begins, from this place on."""
        first = max(at, len(text) - self._longest)
        return next((n for n in range(first, len(text)) if text[n:] in self._begun), len(text))

    def end(self) -> list[int]:
        """The ids of the text that was held back, now that nothing follows it."""
        text, self._held = self._held, ""
        at, ids = 0, list[int]()
        for found in self._pattern.finditer(text):
            ids += [*self._plain(text[at : found.start()]), self._tokens[found[0]]]
            at = found.end()
        return ids + self._plain(text[at:])

    def _plain(self, text: str) -> list[int]:
        return self._encoding.encode_ordinary(text) if text else []


_Tree: TypeAlias = "dict[str, _Tree]"


@lru_cache(maxsize=64)
def _words(words: frozenset[str]) -> tuple[re.Pattern[str], frozenset[str], int]:
    """A pattern for the longest of some words, their first characters, and the longest length."""
    tree: _Tree = {}
    for word in words - {""}:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    pattern = re.compile(_pattern_of(tree) if tree else "(?!)")
    begun = frozenset(word[:length] for word in words for length in range(1, len(word)))
    return pattern, begun, max(map(len, words), default=0)


def _pattern_of(tree: _Tree) -> str:
    """A pattern with each common beginning once: its time does not grow with the words."""
    ways = [re.escape(letter) + _pattern_of(rest) for letter, rest in tree.items() if letter]
    if not ways:
        return ""
    return f"(?:{'|'.join(ways)})" + "?" * ("" in tree)
