r"""Split patterns: where a text is cut before byte pairs are merged.

Splitting takes much of the time of encoding. An engine runs a regular expression as one automaton.
But if a pattern has a single look-ahead or possessive quantifier, tiktoken's engine tries all of
its alternatives one after another, each with a separate automaton, and backtracks. `faster` returns
an equal pattern in which the regular alternatives are one automaton again. This is so in tiktoken
0.14; version 0.9 takes the same time for either form.
"""

from __future__ import annotations

import re

import regex

__all__ = ["CL100K", "CL100K_GREEDY", "LLAMA_3", "O200K", "QWEN_2", "QWEN_3_5", "faster"]

_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
# Both patterns are those of tiktoken_ext/openai_public.py (tiktoken 0.14).
O200K = "|".join(
    [
        rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]*[{_LOWER}]+{_CONTRACTION}",
        rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]+[{_LOWER}]*{_CONTRACTION}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
"""How o200k_base splits."""
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"
    r" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
"""How cl100k_base splits."""


def _like_cl100k(digits: str, letter: str = r"\p{L}", letters: str = r"\p{L}") -> str:
    """cl100k_base's pattern as others write it: with these digits, and words of these letters."""
    return (
        rf"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?{letter}+|{digits}|"
        rf" ?[^\s{letters}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


LLAMA_3 = _like_cl100k(r"\p{N}{1,3}")
"""How Llama 3 splits. Source: llama_models/llama3/tokenizer.py (llama-models 0.3.0)."""
QWEN_2 = _like_cl100k(r"\p{N}")
"""How Qwen splits, up to Qwen 3. Source: dashscope/tokenizers/qwen_tokenizer.py (dashscope 2.0)."""
QWEN_3_5 = _like_cl100k(r"\p{N}", r"[\p{L}\p{M}]", r"\p{L}\p{M}")
"""How Qwen splits from 3.5 on. Source: qwen_tokenizer/qwen_tokenizer.py (qwen-tokenizer 0.3.0)."""

_LOOK_AHEAD = r"|\s+(?!\S)|"
_POSSESSIVE = re.compile(r"([?*+]|{[\d,]+})\+")
_FLAGS = re.compile(r"\(\?[\w-]+\)")
# Its possessive quantifiers are not needed: whatever follows each of them matches none of the same
# characters, or is the end of the text, or nothing.
CL100K_GREEDY = _POSSESSIVE.sub(r"\1", CL100K)
"""The same as `CL100K`, for engines that have no possessive quantifiers."""
_GREEDY = {CL100K: CL100K_GREEDY}


def faster(pattern: str) -> str:
    r"""An equal pattern that tiktoken splits faster with; the same one if none is known.

    The part before the look-ahead that most split patterns have becomes one group. Alternatives
    are tried in their original order, so the same text matches.

    >>> faster(r"\p{L}+|\p{N}|\s+(?!\S)|\s+")
    '(?:\\p{L}+|\\p{N})|\\s+(?!\\S)|\\s+'
    """
    before, look_ahead, behind = _GREEDY.get(pattern, pattern).partition(_LOOK_AHEAD)
    if not look_ahead or not _stands_alone(before):
        return pattern
    return f"(?:{before}){look_ahead}{behind}"


def _stands_alone(before: str) -> bool:
    """Whether this is a list of whole alternatives that gains by being in a group."""
    if before.startswith("(?:") or _POSSESSIVE.search(before):
        return False
    if _FLAGS.search(before):  # they also apply to what follows
        return False
    try:
        regex.compile(before)
    except regex.error:  # the look-ahead is in the middle of a group
        return False
    return True
