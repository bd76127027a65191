"""Texts of templates as the lines of a row spell them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["caret", "ended", "line_text", "parts", "used"]

_ESCAPED = re.compile(r"([\[\]{}\\|*])")


def parts(written: str, tokens: Sequence[str]) -> list[str]:
    """The text cut at special tokens, which are at the odd places; longer tokens match first.

    >>> parts("a<e>b", ["<e>"])
    ['a', '<e>', 'b']
    """
    known, lengths, first = _index((*tokens,))
    made: list[str] = []
    done = 0
    for found in first.finditer(written) if known else ():
        at = found.start()
        spellings = (written[at : at + length] for length in lengths)
        token = next((one for one in spellings if one in known), None) if at >= done else None
        if token is not None:
            made += [written[done:at], token]
            done = at + len(token)
    return [*made, written[done:]]


@lru_cache(8)
def _index(tokens: tuple[str, ...]) -> tuple[frozenset[str], list[int], re.Pattern[str]]:
    """The tokens, their lengths, and a pattern of the characters with which they begin.

    A pattern of all tokens would try each of them at each place, and there may be hundreds.
    """
    known = frozenset(token for token in tokens if token)
    first = "".join(sorted({re.escape(token[0]) for token in known}))
    lengths = sorted({len(token) for token in known}, reverse=True)
    return known, lengths, re.compile(f"[{first}]" if known else "")


def line_text(written: str, tokens: Sequence[str]) -> str:
    r"""The text as a line spells it: ``\[`` for a bracket that belongs to no special token.

    >>> print(line_text("[I][a]", ["[I]"]))
    [I]\[a\]
    """
    cut = parts(written, tokens)
    return "".join(part if at % 2 else _ESCAPED.sub(r"\\\1", part) for at, part in enumerate(cut))


def caret(written: str, at: int | None, tokens: Sequence[str]) -> str:
    """The text as a line spells it, with ``{^}`` after ``at`` characters; without it if None.

    >>> caret("<a>ab", 4, ["<a>"])
    '<a>a{^}b'
    """
    if at is None:
        return line_text(written, tokens)
    return line_text(written[:at], tokens) + "{^}" + line_text(written[at:], tokens)


def ended(end: str, tokens: Sequence[str]) -> str:
    """The text after a content; ``{next}`` if no special token ends it.

    >>> ended("<e>", ["<e>"]), ended(" ", ["<e>"])
    ('<e>', ' {next}')
    """
    return line_text(end, tokens) + ("" if any(token in end for token in tokens) else "{next}")


def used(written: str, tokens: Sequence[str]) -> list[str]:
    """The special tokens in a text, each once.

    >>> used("<s>a<e>b<s>", ["<e>", "<s>"])
    ['<s>', '<e>']
    """
    return [*dict.fromkeys(parts(written, tokens)[1::2])]
