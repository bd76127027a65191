"""The words of preparation that bring a format nearer to a template, tried one at a time.

A word stays only if fewer conversations differ with it. That it helped proves nothing: the result
is proved as a whole.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

from chatfmt.prepare.words import read_words
from chatfmt.templates.channels import SPLIT
from chatfmt.templates.compare import Verdict, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatfmt.templates.asks import Ask
    from chatfmt.templates.render import Refused
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["WELL", "failing", "improved"]

_Words = list[dict[str, Any]]
_Case = tuple["Ask", "str | Refused"]

_SOME = 5  # every fifth equal conversation is tried again; in the end, all of them are

WELL = (Verdict.EQUAL, Verdict.REFUSED, Verdict.GUARDED)
"""Verdicts that need nothing more done."""


def failing(
    tok: ChatTokenizer, words: _Words, cases: Sequence[_Case], most: int | None = None
) -> list[_Case]:
    """The first conversations for which a template and the format with these words differ."""
    read = read_words(words)
    wrong = (case for case in cases if compare(tok, *case, words=read)[0] not in WELL)
    return [*itertools.islice(wrong, most)]


def _helps(tok: ChatTokenizer, words: _Words, cases: Sequence[_Case]) -> bool:
    """Whether these words are right for any conversation."""
    read = read_words(words)
    return any(compare(tok, *case, words=read)[0] in WELL for case in cases)


def improved(tok: ChatTokenizer, words: _Words, cases: Sequence[_Case]) -> _Words:
    """The words, with those added that make fewer conversations differ."""
    left = failing(tok, words, cases)
    hopeless = _hopeless(left, cases)
    left, cases = ([one for one in some if one[0].prompt not in hopeless] for some in (left, cases))
    cases = [*left, *(case for case in cases[::_SOME] if case not in left)]
    for kind in _KINDS if _thinks(tok) or SPLIT in words else _KINDS_WITHOUT_REASONING:
        best = words
        for tried in kind(words):
            if not left:
                return _merged(best)
            if not _helps(tok, tried, left):
                continue
            still = failing(tok, tried, cases, len(left))
            if len(still) < len(left):
                best, left = tried, still
        words = best
    return _merged(words)


def _hopeless(left: Sequence[_Case], cases: Sequence[_Case]) -> set[bool]:
    """Prompts (True) or whole conversations (False), if all of them differ and not all others."""
    all_of, wrong = (Counter(ask.prompt for ask, _ in some) for some in (cases, left))
    found = {kind for kind, number in all_of.items() if wrong[kind] == number}
    return found if len(found) == 1 else set()


def _merged(words: _Words) -> _Words:
    """The words, with neighbours that differ only in their roles joined."""
    made: _Words = []
    for word in words:
        last = made[-1] if made else {}
        if word["word"] == "strip" and {**last, "roles": ()} == {**word, "roles": ()}:
            made[-1] = {**word, "roles": [*last["roles"], *word["roles"]]}
        elif word != {"word": "system"}:  # this word does nothing
            made.append(word)
    return made


def _thinks(tok: ChatTokenizer) -> bool:
    lines = tok.format.lines_of.get("assistant", ())
    return any("reasoning" in line.fields for line in lines)


def _no_thinking(words: _Words) -> Iterator[_Words]:
    yield [{"word": "reasoning", "keep": "none"}, *words]


def _thinking(words: _Words) -> Iterator[_Words]:
    for keep in ("none", "after_last_user", "after_last_answer", "all"):
        for empty in ("none", "kept", "all"):
            yield [{"word": "reasoning", "keep": keep, "empty": empty}, *words]


def _strip_reasoning(words: _Words) -> Iterator[_Words]:
    for characters in ("\n", None):
        word = {"word": "strip", "roles": ["assistant"], "field": "reasoning"}
        yield [*words, word if characters is None else {**word, "characters": characters}]


def _strip_thinking(words: _Words) -> Iterator[_Words]:
    for characters in ("\n", None):
        word = {"word": "strip", "roles": ["assistant"], "side": "start", "thinks": True}
        yield [*words, word if characters is None else {**word, "characters": characters}]


def _systems(words: _Words) -> Iterator[_Words]:
    at = next((at for at, word in enumerate(words) if word["word"] == "system"), None)
    given = {"word": "system"} if at is None else words[at]
    rest = words if at is None else [*words[:at], *words[at + 1 :]]
    for empty in ("drop", "default"):
        yield [{**given, "empty": empty}, *rest]
    for word in words:
        if word["word"] == "fold":
            yield [{**one, "drop_empty": True} if one is word else one for one in words]


def _strip(role: str) -> Callable[[_Words], Iterator[_Words]]:
    """White space at the edges, before a system message is folded or after it."""

    def tried(words: _Words) -> Iterator[_Words]:
        for characters, side in itertools.product((None, "\n", " "), ("both", "start", "end")):
            word = {"word": "strip", "roles": [role], "side": side}
            word |= {} if characters is None else {"characters": characters}
            yield [word, *words]
            yield [*words, word]

    return tried


def _orders(words: _Words) -> Iterator[_Words]:
    for options in (
        {"alternate": True},
        {"alternate": True, "system": False},
        {"system": False},
        {"first": ["system"]},
        {"empty_answers": False},
    ):
        yield [{"word": "order", **options}, *words]


_KINDS_WITHOUT_REASONING = (
    _orders,
    _no_thinking,
    _systems,
    _strip("user"),
    _strip("assistant"),
    _strip("system"),
)
# Refusals come first: no other word may seem to help only because the conversation is refused.
_KINDS = (
    _orders,
    _thinking,
    *_KINDS_WITHOUT_REASONING[2:],
    _strip_reasoning,
    _strip_thinking,
)
