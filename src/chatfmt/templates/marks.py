"""The text that ``{% generation %}`` marks in a template, and whether a format weighs the same.

The end of a prompt shows where the model begins in most answers. In an answer that follows no
prompt, only these marks show it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import RenderError
from chatfmt.templates.asks import Ask, template_messages
from chatfmt.templates.compare import Difference, Verdict, prepared
from chatfmt.templates.letters import spelled
from chatfmt.templates.render import MARKS, Refused, Rendering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.conversation import Conversation
    from chatfmt.templates.render import JinjaTemplate
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["Marked", "answered", "marked", "mask", "misses"]

_SOME = 4  # conversations of a kind


class Marked(NamedTuple):
    """A conversation, and the text that a template writes for it, with its marks."""

    conversation: Conversation
    text: str
    mask: tuple[bool, ...]
    """Whether a mark is around each byte of the text."""


def answered(asked: Sequence[Ask]) -> Iterator[Conversation]:
    """Some conversations with answers: the first ones without thinking, and the first ones with it.

    >>> from chatfmt.conversation import Conversation, Message
    >>> from chatfmt.templates.asks import Ask
    >>> [*answered([Ask(Conversation(messages=(Message(role="user"),)), prompt=True)])]
    []
    """
    chats = [ask.conversation for ask in asked if not ask.prompt]
    for thinks in (False, True):
        found = (c for c in chats if any(m.reasoning is not None for m in c.messages) is thinks)
        yield from itertools.islice(found, _SOME)


def mask(written: str) -> tuple[str, tuple[bool, ...]]:
    """A text without its marks, and which of its bytes are between two.

    >>> from chatfmt.templates.render import MARKS
    >>> mask("a" + "b".join(MARKS) + "c")
    ('abc', (False, True, False))
    """
    before, after = MARKS
    text, found = "", list[bool]()
    for part in written.split(before):
        inside, closed, rest = part.partition(after)
        for piece, is_marked in ((inside, bool(closed)), (rest, False)):
            text += piece
            found += [is_marked] * len(piece.encode())
    return text, (*found,)


def marked(template: JinjaTemplate, chats: Sequence[Conversation]) -> list[Marked]:
    """The text and the marks of a template for each conversation; none if it has no marks.

    >>> from chatfmt.conversation import Conversation, Message
    >>> from chatfmt.templates.render import JinjaTemplate
    >>> source = "<a>{% generation %}{{ messages[0].content }}{% endgeneration %}"
    >>> chat = Conversation(messages=(Message(role="assistant", content="Hi"),))
    >>> with JinjaTemplate(source) as template:
    ...     marked(template, [chat])[0].mask
    (False, False, False, True, True)
    """
    asked = [Rendering(template_messages(chat), marks=True) for chat in chats]
    texts = template.render_all(asked)
    shown = [
        Marked(chat, *mask(text))
        for chat, text in zip(chats, texts, strict=True)
        if not isinstance(text, Refused)
    ]
    return shown if any(True in one.mask for one in shown) else []


def misses(tok: ChatTokenizer, one: Marked) -> Difference | None:
    """The two texts with their marks, if a format over letters weighs other bytes than the marked.

    None if it weighs the same, writes another text, or refuses the conversation.
    """
    try:
        shown = tok.render(prepared(tok, one.conversation))
    except RenderError:
        return None
    if spelled(tok, shown.ids) != one.text:
        return None
    found: list[bool] = []
    sizes = {token: len(text.encode()) for text, token in tok.encoding.special_tokens.items()}
    for token, weight in zip(shown.ids, shown.weights(), strict=True):
        found += [weight > 0] * sizes.get(token, 1)
    if (*found,) == one.mask:
        return None
    theirs, ours = _with_tags(one.text, one.mask), _with_tags(one.text, found)
    return Difference(Ask(one.conversation), Verdict.DIFFERENT, theirs, ours)


def _with_tags(text: str, weighed: Sequence[bool]) -> str:
    """A text with a template's tags around its weighed bytes."""
    data, made = text.encode(), b""
    for is_weighed, run in itertools.groupby(range(len(data)), weighed.__getitem__):
        part = bytes(data[at] for at in run)
        made += b"{% generation %}" + part + b"{% endgeneration %}" if is_weighed else part
    return made.decode("utf-8", "replace")
