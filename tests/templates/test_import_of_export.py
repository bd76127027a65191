"""A format that is written as a template and imported again: for plain chat it is what it was.

Templates say nothing about fields that a row has and they were not asked for, so what is compared
is what both write. Tools, calls and results are conditions of the import, or a line that is not
there; a row's preparation is not in its template.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt import Conversation, Message
from chatfmt.errors import RenderError, TemplateImportError
from chatfmt.templates import import_template, to_jinja
from chatfmt.templates.letters import in_letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt import ChatFormat, ChatTokenizer

pytest.importorskip("jinja2", reason="templates need it")

FEW = ("chatml", "gemma-3", "nemotron-3")
NOT_YET = {"gpt-oss", "muse-glimmer"}
"""Rows that do not come back: no answer stands without a channel or a recipient."""
ALLOWED = {"NO_CALLS", "NO_TOOLS", "NO_THINKING", "SYSTEM_FIRST"}
"""What a line lacks; and where a row's own line for system messages would be read as another."""
MADE = 400
TEXTS = ("", "a", "2+2 = 4\n", " x ", "\u00e9 \u65e5\u672c", "{'a': [1]}", "word " * 30)


def _thinks(row: ChatFormat) -> bool:
    return any("reasoning" in line.fields for line in row.lines_of["assistant"])


def _message(chance: random.Random, role: str, *, thinks: bool) -> Message:
    thought = chance.choice(TEXTS) if thinks and chance.random() < 0.3 else None
    reasoning = thought if role == "assistant" else None
    return Message(role=role, content=chance.choice(TEXTS), reasoning=reasoning)


def _chats(roles: list[str], *, thinks: bool) -> Iterator[Conversation]:
    chance = random.Random(5)  # noqa: S311 - the same every time
    for _ in range(MADE):
        turns = ["system"] * (chance.random() < 0.3) + ["user", "assistant"] * chance.randint(0, 3)
        turns += ["user"] * (chance.random() < 0.5)
        if not turns or not {*turns} <= {*roles}:
            turns = ["user"]
        messages = (_message(chance, role, thinks=thinks) for role in turns)
        yield Conversation(messages=tuple(messages))


def _written(tok: ChatTokenizer, chat: Conversation) -> tuple[list[int], list[int], list[float]]:
    shown = tok.render(chat)
    return shown.ids, tok.encode_prompt(chat), shown.weights("assistant")


def _same(row: ChatFormat) -> tuple[int, set[str]]:
    """For how many conversations ids, prompts and weights are the same, and the conditions."""
    found = import_template(to_jinja(row), row.special_tokens)
    mine = in_letters(row)
    theirs = found.tokenizer(mine.encoding)
    equal = 0
    for chat in _chats([*row.lines_of], thinks=_thinks(row) and _thinks(found.format)):
        if not all(found.holds(chat, prompt=prompt) for prompt in (False, True)):
            continue
        try:
            expected = _written(mine, chat)
        except RenderError:
            with pytest.raises(RenderError):
                _written(theirs, theirs.prepare(chat))
            continue
        assert _written(theirs, theirs.prepare(chat)) == expected, chat
        equal += 1
    return equal, {one.kind for one in found.conditions}


@pytest.mark.parametrize("name", FEW)
def test_some_rows(name: str) -> None:
    _check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in chatfmt.FORMAT_ROWS if name not in FEW])
def test_all_rows(name: str) -> None:
    _check(name)


def _check(name: str) -> None:
    row = chatfmt.get_format(name)
    if name in NOT_YET:
        with pytest.raises(TemplateImportError):
            _same(row)
        return
    equal, conditions = _same(row)
    assert conditions <= ALLOWED
    assert equal > MADE // 4
