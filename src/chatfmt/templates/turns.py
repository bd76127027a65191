"""The text that a template writes around the messages of the user and the assistant.

::

    prologue  head  TEXT  end  head  TEXT  end  head  TEXT  end
              of the user     of the assistant

Rendering gives the text between two contents: an end and a head, joined. The ends of conversations
and of prompts show where one stops and the other begins.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.templates.answers import Answers
from chatfmt.templates.probe import cut, prompted, reasoning_cut
from chatfmt.templates.spelling import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.templates.probe import Cut
    from chatfmt.templates.render import JinjaTemplate

__all__ = ["Empty", "Frame", "Turns", "inner", "turns_of", "unlikeness"]

_MOST_PLACES = 64
"""Special tokens between two texts that may end the first one; layouts have a handful."""


class Frame(NamedTuple):
    """The text around the content of a role."""

    head: str
    end: str


class Turns(NamedTuple):
    """The text around the messages of the user and the assistant."""

    before: str
    """Everything before the head of the first message, if that is the user's."""
    user: Frame
    assistant: Frame
    answers: Answers
    last: str | None = None
    """The end of an answer that ends the conversation; None if unknown."""


class Empty(NamedTuple):
    """The text between the neighbours of a message without text; None: unknown."""

    system: str | None
    user: str | None
    assistant: str | None


def unlikeness(tokens: Sequence[str], turns: Turns) -> tuple[bool, int]:
    """How unlike other formats these turns are.

    Hypotheses may write the same text but stop at other tokens. In most formats, questions and
    answers begin with the same token, and answers end with the first one that can end them.

    >>> answers = Answers("<m>a:", "<e>", None, None, None, None)
    >>> unlikeness(["<m>", "<e>"], Turns("", Frame("<m>u:", "<e>"), Frame("<m>a:", "<e>"), answers))
    (False, 0)
    """
    known = (*tokens,)
    first = _parts(turns.user.head, known)[:2]
    apart = first[0] != "" or first != _parts(turns.assistant.head, known)[:2]
    return apart, abs(len(_parts(turns.assistant.end, known)) - 3)


@lru_cache(512)  # thousands of readings divide the same few texts
def _parts(written: str, tokens: tuple[str, ...]) -> tuple[str, ...]:
    return (*parts(written, tokens),)


def turns_of(template: JinjaTemplate, tokens: Sequence[str], empty: Empty) -> Iterator[Turns]:
    """The readings of a conversation in which user and assistant alternate.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> source = "<s>{% for m in messages %}<m>{{ m.role }} {{ m.content }}<e>{% endfor %}"
    >>> with JinjaTemplate(source) as template:
    ...     next(turns_of(template, ["<s>", "<m>", "<e>"], Empty(None, None, None))).user
    Frame(head='<m>user ', end='<e>')
    """
    whole, asked = cut(template, "uaua"), cut(template, "uau", prompt=True)
    one, two = cut(template, "u"), cut(template, "ua")
    if asked is None or asked.order != (0, 1, 2):
        return
    start, to_answer, to_user, after = asked.between
    reasoning, closed = reasoning_cut(template), prompted(template, thinking=False)
    for user_end in _ends(to_answer, [one, asked], tokens, following=after):
        for answer_end in _ends(to_user, [two, whole], tokens, following=start):
            head = to_user[len(answer_end) :]
            if not start.endswith(head):
                continue
            answer = to_answer[len(user_end) :]
            answers = Answers(
                answer,
                answer_end,
                inner(user_end, empty.assistant, head),
                inner(user_end, after),
                inner(user_end, closed),
                None,
            )
            found = Turns(
                start[: len(start) - len(head)],
                Frame(head, user_end),
                Frame(answer, answer_end),
                answers,
                None if two is None else two.between[-1],
            )
            before = None if reasoning is None else inner(user_end, reasoning[0])
            if reasoning is not None and before is not None:
                yield found._replace(answers=answers._replace(reasoning=(before, reasoning[1])))
            yield found


def inner(before: str, text: str | None, after: str = "") -> str | None:
    """The text between two texts in another; None if it does not begin and end with them.

    >>> inner("<a>", "<a>b<c>", "<c>"), inner("<a>", "b")
    ('b', None)
    """
    if text is None or not text.startswith(before):
        return None
    rest = text[len(before) :]
    return rest.removesuffix(after) if rest.endswith(after) else None


def _ends(
    between: str, last: Sequence[Cut | None], tokens: Sequence[str], *, following: str
) -> Iterator[str]:
    """The ends of the first of two messages that the text between them could contain."""
    tried = [found.between[-1] for found in last if found is not None]
    letters = zip(reversed(between), reversed(following), strict=False)
    head = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], letters))
    tried.append(between[: len(between) - head])
    places = (f.end() for token in tokens for f in re.finditer(re.escape(token), between))
    for at in itertools.islice(places, _MOST_PLACES):
        tried += [between[:at], between[:at] + "\n"]
    yield from dict.fromkeys(end for end in (*tried, "", between) if between.startswith(end))
