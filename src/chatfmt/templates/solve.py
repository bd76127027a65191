"""The lines that could write what a template does: hypotheses that still have to be proved.

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

from chatfmt.templates.probe import cut, thought_cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.templates.probe import Cut
    from chatfmt.templates.render import JinjaTemplate

__all__ = ["Hypothesis", "hypotheses"]

_ESCAPED = re.compile(r"([\[\]{}\\|*])")


class Hypothesis(NamedTuple):
    """Lines that could be the template's, and what it first does to a system message."""

    row: dict[str, Any]
    """The members of a format's row that say where everything is."""
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
    prompt: str | None
    """The text that a prompt adds after the user's end; None if the template writes no prompt."""
    thought: _Frame | None = None
    """The text around a thought, before the content of the answer."""


def hypotheses(template: JinjaTemplate, tokens: Sequence[str], bos: str) -> Iterator[Hypothesis]:
    """Every reading of a template's text for plain conversations, the likeliest first."""
    for turns in sorted(_turns(template, tokens), key=partial(_unlikeness, tokens)):
        for system, words in _systems(template, turns, tokens, bos):
            row = _row(turns, system, tokens)
            yield Hypothesis(row, words)
            if not turns.assistant.head or _parts(turns.assistant.head, tokens)[0]:
                yield Hypothesis(_answers_after_questions(row), words)


def _answers_after_questions(row: dict[str, Any]) -> dict[str, Any]:
    """The row with answers only after questions: then an answer may begin with text."""
    line = row["template"]["assistant"]
    line = {"line": line} if isinstance(line, str) else line
    return {**row, "template": {**row["template"], "assistant": {**line, "after": "user"}}}


def _unlikeness(tokens: Sequence[str], turns: _Turns) -> tuple[bool, int]:
    """How unlike other formats it is. Hypotheses may write the same text but stop at other tokens.

    In most formats, questions and answers begin with the same token, and answers end with the
    first one that can end them.
    """
    first = _parts(turns.user.head, tokens)[:2]
    apart = first[0] != "" or first != _parts(turns.assistant.head, tokens)[:2]
    return apart, abs(len(_parts(turns.assistant.end, tokens)) - 3)


def _turns(template: JinjaTemplate, tokens: Sequence[str]) -> Iterator[_Turns]:
    whole, asked = cut(template, "uaua"), cut(template, "uau", prompt=True)
    one, two = cut(template, "u"), cut(template, "ua")
    if asked is None or asked.order != (0, 1, 2):
        return
    start, to_answer, to_user, after = asked.between
    thought = thought_cut(template)
    for user_end in _ends(to_answer, [one, asked], tokens, following=after):
        for answer_end in _ends(to_user, [two, whole], tokens, following=start):
            head = to_user[len(answer_end) :]
            if not start.endswith(head):
                continue
            found = _Turns(
                start[: len(start) - len(head)],
                _Frame(head, user_end),
                _Frame(to_answer[len(user_end) :], answer_end),
                after[len(user_end) :] if after.startswith(user_end) else None,
            )
            before = user_end + found.assistant.head
            if thought is not None and thought[0].startswith(before):
                yield found._replace(thought=_Frame(thought[0][len(before) :], thought[1]))
            yield found


def _ends(
    between: str, last: Sequence[Cut | None], tokens: Sequence[str], *, following: str
) -> Iterator[str]:
    """The ends of the first of two messages that the text between them could contain."""
    tried = [found.between[-1] for found in last if found is not None]
    heads = (between[at:] for at in range(len(between) + 1))
    tried += [between.removesuffix(head) for head in heads if following.endswith(head)][:1]
    for at in (found.end() for token in tokens for found in re.finditer(re.escape(token), between)):
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
    parts = _parts(text, tokens)
    runs = itertools.takewhile(lambda at: not parts[at - 1], range(1, len(parts), 2))
    yield from ("".join(parts[: at + 1]) for at in reversed([*runs]))


def _around(before: str) -> dict[str, Any]:
    return {"word": "system", **({"before": before} if before else {})}


def _row(turns: _Turns, system: tuple[_Frame | None, str], tokens: Sequence[str]) -> dict[str, Any]:
    frame, prologue = system
    answer = turns.assistant
    lines: dict[str, Any] = {}
    if frame is not None:
        line = _line(frame, tokens)
        starts = any(frame.head.startswith(token) for token in tokens)
        lines["system"] = line if starts else {"line": line, "after": "start"}
    lines["user"] = _line(turns.user, tokens)
    opened, more = _opened(turns, tokens)
    lines["assistant"] = opened + "{content}" + _end(answer.end, tokens)
    following = _parts(turns.user.head, tokens)[1:2]
    if following and not _parts(answer.end, tokens)[1:]:  # it stops a model that continues
        lines["assistant"] = {"line": lines["assistant"], "training_end": following[0]}
        more = {**more, "stops": following}
    frames = (frame, turns.user, answer, turns.thought)
    written = "".join((prologue, *(one.head + one.end for one in frames if one)))
    return {
        "template": lines,
        "prologue": _text(prologue, tokens),
        "special_tokens": _used(written, tokens),
        **more,
    }


def _opened(turns: _Turns, tokens: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """An answer up to its content, with the place where a prompt ends, and the members it needs."""
    head, prompt, thought = turns.assistant.head, turns.prompt, turns.thought
    if thought is None:
        shared = prompt if prompt is not None and head.startswith(prompt) else head
        return _text(shared, tokens) + "{^}" + _text(head[len(shared) :], tokens), {}
    before, after = _text(thought.head, tokens), _text(thought.end, tokens)
    if prompt == head + thought.head:
        return f"{_text(head, tokens)}[{before}{{^}}{{reasoning}}{after}]", {}
    closed = prompt == head + thought.head + thought.end
    more = {"thinking": False} if closed else {}
    return f"{_text(head, tokens)}{{^}}[{before}{{reasoning}}{after}]", more


def _line(frame: _Frame, tokens: Sequence[str]) -> str:
    return _text(frame.head, tokens) + "{content}" + _end(frame.end, tokens)


def _end(end: str, tokens: Sequence[str]) -> str:
    """The text after a content, with ``{next}`` if no special token ends it."""
    return _text(end, tokens) + ("" if any(token in end for token in tokens) else "{next}")


def _parts(text: str, tokens: Sequence[str]) -> list[str]:
    """The text cut at special tokens, the longest first; these are at the odd indices."""
    longest = sorted(tokens, key=len, reverse=True)
    return re.split(f"({'|'.join(map(re.escape, longest))})", text) if longest else [text]


def _text(text: str, tokens: Sequence[str]) -> str:
    r"""The text as a line spells it: ``\[`` for a bracket that belongs to no special token."""
    parts = _parts(text, tokens)
    return "".join(part if at % 2 else _ESCAPED.sub(r"\\\1", part) for at, part in enumerate(parts))


def _used(text: str, tokens: Sequence[str]) -> list[str]:
    return [*dict.fromkeys(_parts(text, tokens)[1::2])]
