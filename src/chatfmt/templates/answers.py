"""The possible lines of an answer, so that they write the same text as a template.

A line has these texts around its fields; each may be empty::

    base [open {reasoning} close] closer [lead {content} trail] end

Answers with and without reasoning, and with and without text, show where each of these begins and
ends. The end of a prompt shows where the model begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.templates.spelling import caret, ended, line_text, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Answers", "Body", "answer_lines", "bodies"]


class Body(NamedTuple):
    """The text around the content of a message, and whether part of it needs a content."""

    head: str
    lead: str
    trail: str
    end: str
    grouped: bool = False

    def spelled(self, tokens: Sequence[str]) -> str:
        """The content and everything after it, as in a line.

        >>> Body("<u>", " ", "", "<e>", grouped=True).spelled(["<u>", "<e>"])
        '[ {content}]<e>'
        """
        return self.around(line_text(self.lead, tokens), tokens)

    def around(self, lead: str, tokens: Sequence[str]) -> str:
        """The same, with this spelling of the text before the content."""
        inside = f"{lead}{{content}}{line_text(self.trail, tokens)}"
        return (f"[{inside}]" if self.grouped else inside) + ended(self.end, tokens)


def bodies(head: str, end: str, empty: str | None) -> Iterator[Body]:
    r"""The bodies with a content between ``head`` and ``end``, the likeliest first.

    ``empty`` is the text that a template writes without a content; None if unknown.

    >>> [(body.lead, body.trail) for body in bodies("<a>\n", "<e>", "<a><e>")]
    [('\n', ''), ('', '')]
    """
    if empty is not None and empty != head + end:
        for at in range(min(len(head), len(empty)), 0, -1):
            before, after = empty[:at], empty[at:]
            if head.startswith(before) and end.endswith(after):
                cut = len(end) - len(after)
                yield Body(before, head[at:], end[:cut], after, grouped=True)
    yield Body(head, "", "", end)


class Answers(NamedTuple):
    """The text of a template for answers, each after the end of the question."""

    head: str
    end: str
    empty: str | None
    """An answer without text; None if unknown."""
    prompt: str | None
    """The text that a prompt adds; None if it does not continue from the question's end."""
    closed: str | None
    """The text that a prompt adds if it turns thinking off."""
    reasoning: tuple[str, str] | None
    """The text before the reasoning, and between it and the content; None if it is left out."""

    @property
    def around_reasoning(self) -> tuple[tuple[str, str], ...]:
        """The text around the reasoning, if it is not left out.

        >>> Answers("<a>", "<e>", None, None, None, ("<a><t>", "</t>")).around_reasoning
        (('<a><t>', '</t>'),)
        """
        return () if self.reasoning is None else (self.reasoning,)


_Lines = tuple[list[str], dict[str, bool]]


def answer_lines(answers: Answers, tokens: Sequence[str]) -> Iterator[_Lines]:
    """The lines of an answer, with the other members of a row that they need; likeliest first."""
    for body in bodies(answers.head, answers.end, answers.empty):
        if answers.reasoning is None:
            yield [_plain(body, answers.prompt, tokens)], {}
            continue
        shapes = [*_shapes(body, answers.reasoning, tokens)]
        for shape in shapes:
            for place, thinking in _places(shape, answers.prompt):
                yield (
                    [shape.line(place, tokens)],
                    {} if thinking is None else {"thinking": thinking},
                )
        if all(shape.closer for shape in shapes):
            yield _two_lines(body, answers, tokens)


def _plain(body: Body, prompt: str | None, tokens: Sequence[str]) -> str:
    whole = body.head + body.lead
    at = len(body.head)
    if prompt is not None and whole.startswith(prompt):
        at = len(prompt)
    return _begun(body, at, tokens)


def _begun(body: Body, at: int | None, tokens: Sequence[str]) -> str:
    """A line without reasoning, in which a model begins after ``at`` characters."""
    if at is None or at <= len(body.head):
        return caret(body.head, at, tokens) + body.spelled(tokens)
    lead = caret(body.lead, at - len(body.head), tokens)
    return line_text(body.head, tokens) + body.around(lead, tokens)


def _two_lines(body: Body, answers: Answers, tokens: Sequence[str]) -> _Lines:
    """A line with reasoning and one without, if their shared text is not all of the second.

    A prompt may be the first line up to its reasoning, or that line with an empty reasoning.
    """
    assert answers.reasoning is not None  # noqa: S101 - else there is one line
    before, between = answers.reasoning
    if not between.endswith(body.lead):
        body = Body(body.head + body.lead, "", "", body.trail + body.end)
    close = between.removesuffix(body.lead)
    own, closed = answers.prompt, answers.closed
    opened = len(own) if own is not None and before.startswith(own) else None
    is_empty_reasoning = own == before + close
    if is_empty_reasoning:
        opened = len(before)
    whole = body.head + body.lead
    plain = next(
        (len(text) for text in (closed, own) if text is not None and whole.startswith(text)), None
    )
    thinking = caret(before, opened, tokens) + "{reasoning}" + line_text(close, tokens)
    lines = [thinking + body.spelled(tokens), _begun(body, plain, tokens)]
    return lines, {"thinking": False} if is_empty_reasoning else {}


class _Shape(NamedTuple):
    """A line with reasoning in a group."""

    base: str
    open: str
    close: str
    closer: str
    body: Body

    def line(self, place: tuple[str, int], tokens: Sequence[str]) -> str:
        """The line, if the model begins in one of these texts, after that many characters."""
        spelled = {
            name: caret(getattr(self, name), place[1] if name == place[0] else None, tokens)
            for name in ("base", "open", "close", "closer")
        }
        reasoning = f"[{spelled['open']}{{reasoning}}{spelled['close']}]"
        return spelled["base"] + reasoning + spelled["closer"] + self.body.spelled(tokens)


def _shapes(body: Body, reasoning: tuple[str, str], tokens: Sequence[str]) -> Iterator[_Shape]:
    """The ways to divide the text before a content, which is also the text around the reasoning.

    First the one with the shortest closer, then the one with the longest.
    """
    before, between = reasoning
    if not between.endswith(body.lead):
        return
    close = between.removesuffix(body.lead)
    found = []
    for at in _borders(body.head, tokens):
        base, closer = body.head[:at], body.head[at:]
        around = before[at:], close.removesuffix(closer)
        if before.startswith(base) and close.endswith(closer) and any(around):
            found.append(_Shape(base, *around, closer, body))
    yield from dict.fromkeys((*found[-1:], *found[:1]))


def _borders(written: str, tokens: Sequence[str]) -> Iterator[int]:
    """Where a text can be cut: anywhere except within a special token."""
    at = 0
    for number, part in enumerate(parts(written, tokens)):
        yield from () if number % 2 else range(at, at + len(part) + 1)
        at += len(part)


_Place = tuple[tuple[str, int], "bool | None"]


def _places(shape: _Shape, prompt: str | None) -> Iterator[_Place]:
    """Where the model may begin after this prompt, and the value of ``thinking`` that it means."""
    base, opened = shape.base, shape.base + shape.open
    at_base, at_open = ("base", len(base)), ("open", len(shape.open))
    if prompt is not None and base.startswith(prompt):
        yield ("base", len(prompt)), None
    elif prompt is not None and opened.startswith(prompt):
        yield ("open", len(prompt) - len(base)), None
        if prompt == opened:
            yield at_base, True
    elif prompt in (base + shape.closer, opened + shape.close + shape.closer):
        yield at_base, False
        yield at_open, False
        if shape.closer:
            yield ("closer", len(shape.closer)), None
    else:
        yield at_base, None
