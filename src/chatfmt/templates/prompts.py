"""Generation prompts: constant texts, one for each place and each setting of thinking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.conversation import Message
from chatfmt.errors import RenderError
from chatfmt.line.language import Special
from chatfmt.templates.branches import branch
from chatfmt.templates.source import Node, Set, Text, Write, listed, quoted, raising
from chatfmt.wire.choosing import lines_at
from chatfmt.wire.prompting import pieces_of_prompt
from chatfmt.wire.spell import Refused, Written, spell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.line.format import ChatFormat

__all__ = ["prompt_nodes"]

_SPEAKER = "assistant"


def prompt_nodes(format: ChatFormat, messages: str = "messages") -> Iterator[Node]:
    """The nodes that follow the last of these messages before the assistant speaks."""
    if _SPEAKER not in format.lines_of:
        yield _fail("no assistant speaks in this format")
        return
    lines = format.lines_of[_SPEAKER]
    places = [*dict.fromkeys(place for line in lines for place in line.after or ())]
    if not places:
        yield from _at(format, None)
        return
    yield Set("last", f"{messages}[-1].role if {messages} else 'start'")
    branches = [
        (f"last in {listed([place])}", [*_at(format, None if place == "start" else place)])
        for place in places
    ]
    elsewhere = next(role for role in (*format.lines_of, "") if role not in places)
    yield from branch([*branches, ("", [*_at(format, elsewhere)])])


def _at(format: ChatFormat, before: str | None) -> Iterator[Node]:
    """The prompt after a message of this role, for each setting of thinking."""
    own, opened, closed = (
        _written(format, before, thinking=thinking) for thinking in (None, True, False)
    )
    if own == opened == closed:
        yield own
        return
    if isinstance(opened, Write) and isinstance(closed, Write):
        yield from branch([("enable_thinking is boolean", [opened]), ("", [own])])
        return
    yield from branch(
        [
            ("enable_thinking is true", [opened]),
            ("enable_thinking is false", [closed]),
            ("", [own]),
        ]
    )


def _written(format: ChatFormat, before: str | None, *, thinking: bool | None) -> Node:
    try:
        lines = lines_at(format, _SPEAKER, None, before)
        pieces = pieces_of_prompt(format, lines, thinking=thinking)
        if pieces is None or _SPEAKER not in format.prompted:
            return _fail("a prompt of this format has no place for thinking")
        spelling = format.role_spellings[_SPEAKER]
        atoms = spell(pieces, Message(role=_SPEAKER, reasoning=""), spelling)
    except (RenderError, Refused) as error:
        return _fail(f"there is no prompt: {error}")
    texts = (
        atom.tokens[0] if isinstance(atom, Special) else atom.text
        for atom in atoms
        if isinstance(atom, Special | Written)
    )
    return Text("".join(texts))


def _fail(reason: str) -> Node:
    return raising(quoted(reason))
