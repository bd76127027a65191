"""The lines that could write the text of a template: hypotheses that still have to be proved."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.templates.answers import answer_lines, bodies
from chatfmt.templates.channels import SPLIT, channel_lines
from chatfmt.templates.opening import Opening, opening
from chatfmt.templates.probe import cut, emptied
from chatfmt.templates.render import LATER
from chatfmt.templates.spelling import line_text, parts, used
from chatfmt.templates.turns import Empty, Frame, Turns, inner, turns_of, unlikeness

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.templates.render import JinjaTemplate

__all__ = ["Hypothesis", "hypotheses"]

_GIVEN = "developer"
"""The role of a given system message where the template writes one of its own before it."""
_Line = str | dict[str, Any] | list[Any] | None


class Hypothesis(NamedTuple):
    """Lines that could be the template's, and how it first rewrites a system message."""

    row: dict[str, Any]
    """The members of a format's row that describe its text."""
    words: list[dict[str, Any]]


def hypotheses(template: JinjaTemplate, tokens: Sequence[str], bos: str) -> Iterator[Hypothesis]:
    """Every reading of a template's text for plain conversations, the likeliest first."""
    empty = Empty(
        emptied(template, "sua", 0), emptied(template, "uaua", 2), emptied(template, "uau", 1)
    )
    later = cut(template, "uau", prompt=True, date=LATER)
    for turns in sorted(turns_of(template, tokens, empty), key=partial(unlikeness, tokens)):
        dated = None
        if later is not None and later.between[0].endswith(turns.user.head):
            before = later.between[0].removesuffix(turns.user.head)
            dated = opening(turns.before, before, tokens, bos)
        for system in _systems(template, turns, tokens, bos):
            opened = dated if system.prologue == turns.before else None
            for found in _rows(turns, system._replace(opening=opened), tokens, empty):
                yield found
                if not turns.assistant.head or parts(turns.assistant.head, tokens)[0]:
                    yield found._replace(row=_answers_after_questions(found.row))


def _answers_after_questions(row: dict[str, Any]) -> dict[str, Any]:
    """The row with answers only after questions: then an answer may begin with text."""
    given = row["template"]["assistant"]
    lines = [
        {**(one if isinstance(one, dict) else {"line": one}), "after": "user"}
        for one in (given if isinstance(given, list) else [given])
    ]
    spelled = lines if lines[1:] else lines[0]
    return {**row, "template": {**row["template"], "assistant": spelled}}


class _System(NamedTuple):
    """A reading of a system message."""

    frame: Frame | None
    """None if it has no line."""
    prologue: str
    words: list[dict[str, Any]]
    opening: Opening | None = None
    """The message that the prologue is; None: it is text that belongs to no message."""

    @property
    def all_words(self) -> list[dict[str, Any]]:
        """The words, with those that put the opening before a message of another role."""
        if self.opening is None:
            return self.words
        renamed = {"word": "rename", "role": "system", "to": _GIVEN}
        return [*self.words, *([] if self.frame is None else [renamed]), *self.opening.words]


def _systems(
    template: JinjaTemplate, turns: Turns, tokens: Sequence[str], bos: str
) -> Iterator[_System]:
    """The readings of a system message; the last is for conversations without one."""
    yield from _with_system(template, turns, tokens, bos)
    yield _System(None, turns.before, [])


def _with_system(
    template: JinjaTemplate, turns: Turns, tokens: Sequence[str], bos: str
) -> Iterator[_System]:
    found = cut(template, "suau", prompt=True) or cut(template, "sua")
    if found is None:
        return
    if 0 not in found.order:
        yield _System(None, turns.before, [{"word": "system", "drop": True}])
        return
    if found.order[0] != 0:
        at = found.order.index(0)
        between = found.between[at + 1]
        before = found.between[at].removeprefix(turns.assistant.end + turns.user.head)
        words = [_around(before)] if before else []
        fold = {"word": "fold", "into": "last", "between": between}
        yield _System(None, turns.before, [*words, fold])
        return
    start, to_user, *_ = found.between
    plain = turns.before + turns.user.head
    if start.startswith(plain):
        words = [_around(start[len(plain) :])] if start != plain else []
        fold = {"word": "fold", "into": "first", "between": to_user}
        yield _System(None, turns.before, [*words, fold])
    if not to_user.endswith(turns.user.head):
        return
    end = to_user[: len(to_user) - len(turns.user.head)]
    if start.startswith(turns.before):
        yield _System(Frame(start[len(turns.before) :], end), turns.before, [])
    yield from _with_default(start, end, turns, tokens, bos)


def _with_default(
    start: str, end: str, turns: Turns, tokens: Sequence[str], bos: str
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
            yield _System(Frame(head, end), prologue, [words])


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
    turns: Turns, system: _System, tokens: Sequence[str], empty: Empty
) -> Iterator[Hypothesis]:
    """The rows in which messages have these frames."""
    systems = [*_system_lines(turns, system, tokens, empty)]
    question = inner(turns.assistant.end, empty.user, turns.assistant.head)
    users = [*_spelled(turns.user, question, tokens)]
    frames = (system.frame, turns.user, turns.assistant, *turns.answers.around_reasoning)
    written = "".join((system.prologue, *(part for one in frames if one for part in one)))
    opened = system.opening
    prologue = system.prologue if opened is None else opened.prologue
    always = {"prologue": line_text(prologue, tokens), "special_tokens": used(written, tokens)}
    answers: list[tuple[list[str], dict[str, bool], list[dict[str, Any]]]]
    answers = [(lines, {}, [SPLIT]) for lines in channel_lines(turns.answers, tokens)]
    answers += [(*found, []) for found in answer_lines(turns.answers, tokens)]
    for user, roles, (lines, more, words) in itertools.product(users, systems, answers):
        for spelled, stops in _stopped(turns, lines, tokens):
            template = {**roles, "user": user, "assistant": spelled}
            row = {"template": template, **always, **more, **_with_stops(always, stops)}
            yield Hypothesis(row, [*system.all_words, *words])


def _system_lines(
    turns: Turns, system: _System, tokens: Sequence[str], empty: Empty
) -> Iterator[dict[str, _Line]]:
    """The lines of the messages that can come before the first question."""
    opened = system.opening
    always: dict[str, _Line] = {} if opened is None else {"system": opened.line(tokens)}
    frame = system.frame
    if frame is None:
        yield always
        return
    first = inner(system.prologue, empty.system, turns.user.head)
    starts = any(frame.head.startswith(token) for token in tokens)
    role = "system" if opened is None else _GIVEN
    for line in _spelled(frame, first, tokens):
        yield {**always, role: line if starts else {"line": line, "after": "start"}}


def _with_stops(row: dict[str, Any], stops: Sequence[str]) -> dict[str, Any]:
    """The members of a row that say where the model stops."""
    if not stops:
        return {}
    return {"stops": [*stops], "special_tokens": [*dict.fromkeys((*row["special_tokens"], *stops))]}


def _stopped(
    turns: Turns, lines: list[str], tokens: Sequence[str]
) -> Iterator[tuple[_Line, list[str]]]:
    """The lines of an answer, and the token that stops the model if they do not end with it.

    A question may end an answer, or another token in the last one; which then ends the first line.
    """
    following = parts(turns.user.head, tokens)[1:2]
    own, last = parts(turns.assistant.end, tokens), parts(turns.last or "", tokens)
    if following and not own[1:]:
        yield _listed([{"line": line, "training_end": following[0]} for line in lines]), following
        return
    if len(own) == len(last) == 3 and own[1] != last[1] and own[::2] == last[::2]:  # noqa: PLR2004 - a token, with text around
        first, *rest = lines
        yield _listed([{"line": first, "training_end": last[1]}, *rest]), [last[1]]
    yield _listed(lines), []


def _listed(lines: Sequence[Any]) -> _Line:
    return [*lines] if lines[1:] else lines[0]


def _spelled(frame: Frame, empty: str | None, tokens: Sequence[str]) -> Iterator[str]:
    """The lines that write this frame around a text, and ``empty`` without a text."""
    for body in bodies(frame.head, frame.end, empty):
        yield line_text(body.head, tokens) + body.spelled(tokens)
