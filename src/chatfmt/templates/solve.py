"""The lines that could write the text of a template: hypotheses that still have to be proved.

::

    prologue  head  TEXT  end  head  TEXT  end  head  TEXT  end
              of the user     of the assistant

Rendering gives the text between two contents: an end and a head, joined. The ends of conversations
and of prompts show where one stops and the other begins.
"""

from __future__ import annotations

import itertools
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.templates.answers import Answers, answer_lines, bodies
from chatfmt.templates.probe import cut, emptied, prompted, reasoning_cut
from chatfmt.templates.spelling import line_text, parts, used

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.templates.probe import Cut
    from chatfmt.templates.render import JinjaTemplate

__all__ = ["Hypothesis", "hypotheses"]

_MOST_PLACES = 64
"""Special tokens between two texts that may end the first one; layouts have a handful."""
_Line = str | dict[str, Any] | list[Any] | None


class Hypothesis(NamedTuple):
    """Lines that could be the template's, and how it first rewrites a system message."""

    row: dict[str, Any]
    """The members of a format's row that describe its text."""
    words: list[dict[str, Any]]


class _Frame(NamedTuple):
    """The text around the content of a role."""

    head: str
    end: str


class _Turns(NamedTuple):
    """The text around the messages of the user and the assistant."""

    before: str
    """Everything before the head of the first message, if that is the user's."""
    user: _Frame
    assistant: _Frame
    answers: Answers


class _Empty(NamedTuple):
    """The text between the neighbours of a message without text; None: unknown."""

    system: str | None
    user: str | None
    assistant: str | None


def hypotheses(template: JinjaTemplate, tokens: Sequence[str], bos: str) -> Iterator[Hypothesis]:
    """Every reading of a template's text for plain conversations, the likeliest first."""
    empty = _Empty(
        emptied(template, "sua", 0), emptied(template, "uaua", 2), emptied(template, "uau", 1)
    )
    for turns in sorted(_turns(template, tokens, empty), key=partial(_unlikeness, tokens)):
        for system, words in _systems(template, turns, tokens, bos):
            for row in _rows(turns, system, tokens, empty):
                yield Hypothesis(row, words)
                if not turns.assistant.head or parts(turns.assistant.head, tokens)[0]:
                    yield Hypothesis(_answers_after_questions(row), words)


def _answers_after_questions(row: dict[str, Any]) -> dict[str, Any]:
    """The row with answers only after questions: then an answer may begin with text."""
    given = row["template"]["assistant"]
    lines = [
        {**(one if isinstance(one, dict) else {"line": one}), "after": "user"}
        for one in (given if isinstance(given, list) else [given])
    ]
    spelled = lines if lines[1:] else lines[0]
    return {**row, "template": {**row["template"], "assistant": spelled}}


def _unlikeness(tokens: Sequence[str], turns: _Turns) -> tuple[bool, int]:
    """How unlike other formats these turns are.

    Hypotheses may write the same text but stop at other tokens. In most formats, questions and
    answers begin with the same token, and answers end with the first one that can end them.
    """
    first = parts(turns.user.head, tokens)[:2]
    apart = first[0] != "" or first != parts(turns.assistant.head, tokens)[:2]
    return apart, abs(len(parts(turns.assistant.end, tokens)) - 3)


def _turns(template: JinjaTemplate, tokens: Sequence[str], empty: _Empty) -> Iterator[_Turns]:
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
                _inner(user_end, empty.assistant, head),
                _inner(user_end, after),
                _inner(user_end, closed),
                None,
            )
            found = _Turns(
                start[: len(start) - len(head)],
                _Frame(head, user_end),
                _Frame(answer, answer_end),
                answers,
            )
            before = None if reasoning is None else _inner(user_end, reasoning[0])
            if reasoning is not None and before is not None:
                yield found._replace(answers=answers._replace(reasoning=(before, reasoning[1])))
            yield found


def _inner(before: str, text: str | None, after: str = "") -> str | None:
    """The text between two texts in another; None if it does not begin and end with them."""
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


_System = tuple[tuple[_Frame | None, str], list[dict[str, Any]]]


def _systems(
    template: JinjaTemplate, turns: _Turns, tokens: Sequence[str], bos: str
) -> Iterator[_System]:
    """The readings of a system message: its frame, the prologue, and the words for it.

    The last reading is for conversations without one.
    """
    yield from _with_system(template, turns, tokens, bos)
    yield (None, turns.before), []


def _with_system(
    template: JinjaTemplate, turns: _Turns, tokens: Sequence[str], bos: str
) -> Iterator[_System]:
    found = cut(template, "suau", prompt=True) or cut(template, "sua")
    if found is None:
        return
    if 0 not in found.order:
        yield (None, turns.before), [{"word": "system", "drop": True}]
        return
    if found.order[0] != 0:
        at = found.order.index(0)
        between = found.between[at + 1]
        before = found.between[at].removeprefix(turns.assistant.end + turns.user.head)
        words = [_around(before)] if before else []
        yield (None, turns.before), [*words, {"word": "fold", "into": "last", "between": between}]
        return
    start, to_user, *_ = found.between
    plain = turns.before + turns.user.head
    if start.startswith(plain):
        words = [_around(start[len(plain) :])] if start != plain else []
        fold = {"word": "fold", "into": "first", "between": to_user}
        yield (None, turns.before), [*words, fold]
    if not to_user.endswith(turns.user.head):
        return
    end = to_user[: len(to_user) - len(turns.user.head)]
    if start.startswith(turns.before):
        yield (_Frame(start[len(turns.before) :], end), turns.before), []
    yield from _with_default(start, end, turns, tokens, bos)


def _with_default(
    start: str, end: str, turns: _Turns, tokens: Sequence[str], bos: str
) -> Iterator[_System]:
    """A system message that is written even if none was given."""
    if not turns.before.endswith(end):
        return
    given = turns.before[: len(turns.before) - len(end)]
    prologue = bos if bos and start.startswith(bos) else ""
    heads = [*_like_the_users(turns.user.head), *_begun(start[len(prologue) :], tokens)]
    for head in dict.fromkeys([start[len(prologue) :], *heads]):
        whole = prologue + head
        if head and start.startswith(whole) and given.startswith(whole):
            words = {**_around(start[len(whole) :]), "default": given[len(whole) :]}
            yield (_Frame(head, end), prologue), [words]


def _like_the_users(head: str) -> Iterator[str]:
    """Possible heads of a system message, modelled on the user's."""
    for change in (str.lower, str.title, str.upper):
        yield head.replace(change("user"), change("system"))


def _begun(text: str, tokens: Sequence[str]) -> Iterator[str]:
    """The text up to each of its first special tokens."""
    cut_up = parts(text, tokens)
    runs = itertools.takewhile(lambda at: not cut_up[at - 1], range(1, len(cut_up), 2))
    yield from ("".join(cut_up[: at + 1]) for at in reversed([*runs]))


def _around(before: str) -> dict[str, Any]:
    return {"word": "system", **({"before": before} if before else {})}


def _rows(
    turns: _Turns, system: tuple[_Frame | None, str], tokens: Sequence[str], empty: _Empty
) -> Iterator[dict[str, Any]]:
    """The rows in which messages have these frames."""
    frame, prologue = system
    systems: list[_Line] = [None]
    if frame is not None:
        first = _inner(prologue, empty.system, turns.user.head)
        starts = any(frame.head.startswith(token) for token in tokens)
        lines = _spelled(frame, first, tokens)
        systems = [line if starts else {"line": line, "after": "start"} for line in lines]
    question = _inner(turns.assistant.end, empty.user, turns.assistant.head)
    users = [*_spelled(turns.user, question, tokens)]
    frames = (frame, turns.user, turns.assistant, *turns.answers.around_reasoning)
    written = "".join((prologue, *(part for one in frames if one for part in one)))
    always = {"prologue": line_text(prologue, tokens), "special_tokens": used(written, tokens)}
    spelled_answers = [*answer_lines(turns.answers, tokens)]
    for user, one, (answers, more) in itertools.product(users, systems, spelled_answers):
        roles = {} if one is None else {"system": one}
        spelled, stops = _stopped(turns, answers, tokens)
        template = {**roles, "user": user, "assistant": spelled}
        yield {"template": template, **always, **more, **stops}


def _stopped(
    turns: _Turns, lines: list[str], tokens: Sequence[str]
) -> tuple[_Line, dict[str, Any]]:
    """The lines of an answer; if a question ends it, also the token that stops the model."""
    following = parts(turns.user.head, tokens)[1:2]
    made: list[Any] = [*lines]
    stops: dict[str, Any] = {}
    if following and not parts(turns.assistant.end, tokens)[1:]:
        made = [{"line": line, "training_end": following[0]} for line in lines]
        stops = {"stops": following}
    return made if made[1:] else made[0], stops


def _spelled(frame: _Frame, empty: str | None, tokens: Sequence[str]) -> Iterator[str]:
    """The lines that write this frame around a text, and ``empty`` without a text."""
    for body in bodies(frame.head, frame.end, empty):
        yield line_text(body.head, tokens) + body.spelled(tokens)
