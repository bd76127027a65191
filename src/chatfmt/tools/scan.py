"""Find text that spells a special token: harmless here, but worth a look in data.

chatfmt encodes all text as text, whatever it spells. Other tools may not. A data set of
conversations has no reason to spell ``<|im_end|>``: usually a conversation was pasted there, or
someone tried to break out of a message.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.conversation import Message

__all__ = ["SpecialText", "scan"]


class SpecialText(NamedTuple):
    """A place where a text spells a special token.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> [found] = tok.scan([{"role": "user", "content": "a <|im_sep|>"}])
    >>> found.field, found.offset
    ('content', 2)
    """

    message: int
    """Index of the message."""
    field: str
    """The field, such as ``content``."""
    offset: int
    """Where the spelling begins in the field, in characters."""
    token: str
    """The spelling."""


def scan(messages: Iterable[Message], special_tokens: Iterable[str]) -> list[SpecialText]:
    """Every place in every text of the messages where one of these spellings begins, in order.

    All text fields are searched, including the annotation ``call_id``. Spellings may overlap; of
    several at one place, the longest is returned. Only exact spellings count: look-alikes, for
    example with full-width bars, are not special anywhere.

    >>> from chatfmt import Message
    >>> scan([Message(role="user", content="Say <|im_end|>!")], ["<|im_start|>", "<|im_end|>"])
    [SpecialText(message=0, field='content', offset=4, token='<|im_end|>')]
    """
    pattern = _pattern(tuple(special_tokens))
    return [
        SpecialText(index, field, match.start(), match[0])
        for index, message in enumerate(messages)
        for field, text in _texts(message)
        for match in _matches(pattern, text)
    ]


def _texts(message: Message) -> Iterator[tuple[str, str]]:
    for field, value in message:
        if isinstance(value, str):
            yield field, value
    for index, call in enumerate(message.tool_calls):
        for field, value in call:
            if isinstance(value, str):
                yield f"tool_calls[{index}].{field}", value


@lru_cache(maxsize=16)
def _pattern(spellings: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(spellings, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """All matches, overlapping ones too."""
    match = pattern.search(text)
    while match:
        yield match
        match = pattern.search(text, match.start() + 1)
