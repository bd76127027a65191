"""The text that a template writes around contents that cannot be mistaken for anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.templates.render import Refused, Rendering

if TYPE_CHECKING:
    import datetime as dt

    from chatfmt.templates.render import JinjaTemplate

__all__ = ["Cut", "cut", "emptied", "mark", "prompted", "reasoning_cut", "takes_parts"]

_ROLES = {"s": "system", "u": "user", "a": "assistant"}


class Cut(NamedTuple):
    """The text around the contents of some messages.

    >>> Cut(("<u>", "</u>"), (0,)).between
    ('<u>', '</u>')
    """

    between: tuple[str, ...]
    """The text before the first content, between contents, and after the last."""
    order: tuple[int, ...]
    """The messages whose contents appear, in the order of the text."""


def mark(at: int) -> str:
    """The content of a message: letters that no template looks for.

    >>> mark(0)
    'Qz0zQ'
    """
    return f"Qz{at}zQ"


def cut(
    template: JinjaTemplate, roles: str, *, prompt: bool = False, date: dt.date | None = None
) -> Cut | None:
    """A template's text for messages of these roles; None if it refuses or repeats a content.

    Args:
        template: the template.
        roles: the first letter of each role.
        prompt: whether a generation prompt follows them.
        date: the day on which the template runs; None: its own.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> with JinjaTemplate("<s>{% for m in messages %}{{ m.content }}<e>{% endfor %}") as template:
    ...     cut(template, "ua")
    Cut(between=('<s>', '<e>', '<e>'), order=(0, 1))
    """
    given = [{"role": _ROLES[role], "content": mark(at)} for at, role in enumerate(roles)]
    (text,) = template.render_all([Rendering(given, prompt, date=date)])
    if isinstance(text, Refused):
        return None
    marks = [mark(at) for at in range(len(roles))]
    if any(text.count(one) > 1 for one in marks):
        return None
    order = sorted(
        (at for at in range(len(roles)) if marks[at] in text), key=lambda at: text.index(marks[at])
    )
    between = []
    for at in order:
        before, _, text = text.partition(marks[at])
        between.append(before)
    return Cut((*between, text), (*order,))


def emptied(template: JinjaTemplate, roles: str, at: int) -> str | None:
    """The text between the neighbours of a message without text; None if unknown.

    Args:
        template: the template.
        roles: the first letter of each role.
        at: which message has no text; another one must follow it.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> source = "{% for m in messages %}<m>{{ ' ' ~ m.content if m.content }}<e>{% endfor %}"
    >>> with JinjaTemplate(source) as template:
    ...     emptied(template, "uau", 1)
    '<e><m><e><m> '
    """
    given = [
        {"role": _ROLES[role], "content": "" if number == at else mark(number)}
        for number, role in enumerate(roles)
    ]
    text = template.render(given)
    if isinstance(text, Refused):
        return None
    if at:
        text = text.partition(mark(at - 1))[2]
    between, found, _ = text.partition(mark(at + 1))
    return between if found else None


def prompted(template: JinjaTemplate, *, thinking: bool) -> str | None:
    """The text after a question in a prompt that sets thinking; None if the template refuses.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> with JinjaTemplate("{{ messages[0].content }}<e>{{ enable_thinking }}") as template:
    ...     prompted(template, thinking=False)
    '<e>False'
    """
    names = {"enable_thinking": thinking, "thinking": thinking}
    question = {"role": "user", "content": mark(0)}
    text = template.render([question], prompt=True, names=names)
    return None if isinstance(text, Refused) else text.partition(mark(0))[2]


def takes_parts(template: JinjaTemplate) -> bool:
    """Whether a template writes only contents given as parts, as templates for images do.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> source = "{% for m in messages %}{{ m.content[0].text }}{% endfor %}"
    >>> with JinjaTemplate(source) as template:
    ...     takes_parts(template)
    True
    """
    given = [{"role": "user", "content": mark(0)}]
    in_parts = [{"role": "user", "content": [{"type": "text", "text": mark(0)}]}]
    plain, parts = template.render_all([Rendering(given), Rendering(in_parts)])
    return mark(0) not in plain and mark(0) in parts


def reasoning_cut(template: JinjaTemplate) -> tuple[str, str] | None:
    """The text between a question and the reasoning, and between that and the answer.

    None if the template leaves reasoning out, or writes it elsewhere.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> source = "{% for m in messages %}<m>{{ m.thinking }}</t>{{ m.content }}{% endfor %}"
    >>> with JinjaTemplate(source) as template:
    ...     reasoning_cut(template)
    ('<m>', '</t>')
    """
    question = {"role": "user", "content": mark(0)}
    answer = {"role": "assistant", "reasoning_content": mark(1), "content": mark(2)}
    text = template.render([question, answer])
    if isinstance(text, Refused) or any(text.count(mark(at)) != 1 for at in range(3)):
        return None
    before, _, text = text.partition(mark(0))[2].partition(mark(1))
    between, found, _ = text.partition(mark(2))
    return (before, between) if found else None
