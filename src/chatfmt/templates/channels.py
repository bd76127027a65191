"""Answers whose reasoning is a message of its own, in another channel than the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.templates.spelling import caret, ended, line_text, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.templates.answers import Answers

__all__ = ["SPLIT", "channel_lines"]

SPLIT = {"word": "split"}
"""The word of preparation that makes these messages of an answer."""
_CHANNELS = ("analysis", "final")  # as that word has them


def channel_lines(answers: Answers, tokens: Sequence[str]) -> Iterator[list[str]]:
    """The lines of an answer's text and of its reasoning; none if they are not messages alike.

    >>> from chatfmt.templates.answers import Answers
    >>> found = Answers(
    ...     head="<m>final<t>", end="<e>", empty=None, prompt="<m>", closed=None,
    ...     reasoning=("<m>analysis<t>", "<e><m>final<t>"),
    ... )
    >>> [*channel_lines(found, ["<m>", "<t>", "<e>"])]
    [['<m>{^}{channel=final}<t>{content}<e>', '<m>{^}{channel=analysis}<t>{content}<e>']]
    """
    for before, between in answers.around_reasoning:
        if between != answers.end + answers.head:
            continue
        first, second = parts(before, tokens), parts(answers.head, tokens)
        if len(first) != len(second):
            continue
        differing = [at for at in range(len(first)) if first[at] != second[at]]
        if [(first[at], second[at]) for at in differing] != [_CHANNELS] or not differing[0]:
            continue
        at = differing[0]
        opened = "".join(second[:at])
        prompt = answers.prompt
        is_begun = prompt is not None and opened.startswith(prompt)
        start = caret(opened, len(prompt or "") if is_begun else None, tokens)
        rest = line_text("".join(second[at + 1 :]), tokens)
        rest += "{content}" + ended(answers.end, tokens)
        yield [f"{start}{{channel={name}}}{rest}" for name in reversed(_CHANNELS)]
