"""Formats that nobody has made up, as templates and back: what comes back is equal, or refused.

Drawn are layouts of plain chat: frames of tokens and text around messages, groups, reasoning that
are closed or have a line of their own, and places where the model begins.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import ChatFormat, Conversation, FormatError, Message, RenderError
from chatfmt.errors import TemplateImportError
from chatfmt.templates import import_template, to_jinja
from chatfmt.templates.letters import in_letters
from sizes import size

pytest.importorskip("jinja2", reason="templates need it")

if TYPE_CHECKING:
    from chatfmt import ChatTokenizer

TOKENS = ("<b>", "<s>", "<u>", "<a>", "<t>", "</t>", "<e>", "<m>")
TEXTS = ("", "a", "a\nb", " x ", "\n", "word " * 9)
CHATS = 40
ALLOWED = {"NO_CALLS", "NO_TOOLS", "NO_THINKING", "SYSTEM_FIRST"}
"""Conditions that do not say that a format has come back in part."""


def _line(chance: random.Random, role: str) -> str:
    """The line of a question, or of a system message."""
    begins, between = chance.choice(("<s>", "<m>")), chance.choice(("\n", " ", "<m>", ": "))
    lead, trail = chance.choice(("", "\n", " ")), chance.choice(("", "\n"))
    content = f"{lead}{{content}}{trail}"
    if chance.random() < 0.2 and lead + trail:
        content = f"[{content}]"
    return f"{begins}{role}{between}{content}" + chance.choice(("<e>", "<e>", "<e>\n", "{next}"))


def _answer(chance: random.Random) -> Any:
    head, end = (
        chance.choice(("<a>", "<s>bot\n", "<a>\n")),
        chance.choice(("<e>", "<e>\n", "</t><e>")),
    )
    opened, closed = chance.choice((("<t>", "</t>"), ("<t>\n", "\n</t>\n\n"), ("<t>", "</t>\n")))
    caret = chance.randrange(3)
    first, second = ("{^}" if caret == at else "" for at in range(2))
    match chance.randrange(5):
        case 0:
            return (
                f"{head}{first or second}{{content}}{end}"
                if caret < 2
                else head + "{content}" + end
            )
        case 1 | 2:
            return f"{head}{first}[{opened}{second}{{reasoning}}{closed}]{{content}}{end}"
        case 3:
            return f"{head}{first}[<t>{second}{{reasoning}}]</t>{{content}}{end}"
        case _:
            return [
                f"{head}{opened}{{^}}{{reasoning}}{closed}{{content}}{end}",
                f"{head}</t>{second}{{content}}{end}",
            ]


def drawn(number: int) -> ChatFormat | None:
    """A row; None if there is no such format."""
    chance = random.Random(number)  # noqa: S311 - the same every time
    lines = {"user": _line(chance, "user"), "assistant": _answer(chance)}
    if chance.random() < 0.8:
        lines = {"system": _line(chance, "system"), **lines}
    prologue = chance.choice(("", "<b>"))
    thinking = chance.choice((None, None, False, True))
    written = prologue + str(lines)
    tokens = [token for token in TOKENS if token in written]
    try:
        return ChatFormat(
            name="drawn",
            template=lines,
            prologue=prologue,
            thinking=thinking,
            special_tokens=tokens,
        )
    except FormatError:
        return None


def _chat(chance: random.Random, row: ChatFormat) -> Conversation:
    roles = ["system"] * (chance.random() < 0.3) + ["user", "assistant"] * chance.randint(0, 2)
    roles += ["user"] * (chance.random() < 0.6)
    thinks = any("reasoning" in line.fields for line in row.lines_of["assistant"])
    said = []
    for role in [role for role in roles if role in row.lines_of] or ["user"]:
        thought = chance.choice(TEXTS) if thinks and chance.random() < 0.4 else None
        reasoning = thought if role == "assistant" else None
        said.append(Message(role=role, content=chance.choice(TEXTS), reasoning=reasoning))
    return Conversation(messages=tuple(said))


def _written(tok: ChatTokenizer, chat: Conversation) -> Any:
    try:
        shown = tok.render(chat)
        return shown.ids, tok.encode_prompt(chat), shown.weights()
    except RenderError:
        return None


def outcome(number: int) -> str | None:
    """What became of a row: equal, in part, refused; None if there is none.

    Raises:
        AssertionError: what was imported writes something else.
    """
    row = drawn(number)
    if row is None:
        return None
    try:
        found = import_template(to_jinja(row), row.special_tokens)
    except TemplateImportError:
        return "refused"
    mine, chance = in_letters(row), random.Random(number)  # noqa: S311 - the same every time
    theirs = found.tokenizer(mine.encoding)
    for _ in range(CHATS):
        chat = _chat(chance, row)
        if all(found.holds(chat, prompt=prompt) for prompt in (False, True)):
            expected = _written(mine, chat)
            assert _written(theirs, theirs.prepare(chat)) == expected, (number, row, found, chat)
    return "equal" if {one.kind for one in found.conditions} <= ALLOWED else "in part"


def _compare(first: int, many: int) -> None:
    counted = Counter(outcome(number) for number in range(first, first + many))
    del counted[None]
    assert counted["equal"] > 0.7 * counted.total(), counted


def test_a_prompt_that_no_answer_without_a_thought_begins_with() -> None:
    assert outcome(1139) == "equal"


def test_some_drawn_formats() -> None:
    _compare(first=0, many=5)


@pytest.mark.slow
def test_more_drawn_formats() -> None:
    _compare(first=5, many=size(20, 2_000))
