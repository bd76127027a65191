"""Generated formats: their templates write what they write, or raise as they do.

Rows are drawn from the words of the language, as `make lines` draws them; those that are accepted
become templates. With ``CHATFMT_LARGE=1`` there are far more of them.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fuzz.search import DRAWS

from chatfmt import ChatFormat, Conversation, FormatError, Message, ToolCall
from chatfmt.templates import to_jinja
from chatfmt.templates.letters import in_letters
from sizes import size

pytest.importorskip("jinja2", reason="transformers needs it for chat templates")
pytest.importorskip("transformers", reason="it is what renders templates")
from jinja_chats import check

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENOUGH = 0.9  # of the rows that are accepted; two fields side by side are in no template


def accepted(first: int, many: int) -> Iterator[tuple[ChatFormat, random.Random, int]]:
    """Rows that are accepted, of so many that are drawn, with what drew them."""
    for number in range(first, first + many):
        chance = random.Random(number)  # noqa: S311 - the same every time
        which = number % len(DRAWS)
        try:
            yield ChatFormat(**DRAWS[which].row(chance)), chance, which
        except FormatError:
            continue


def _compare(first: int, many: int) -> None:
    counted: Counter[str] = Counter()
    for row, chance, which in accepted(first, many):
        try:
            source = to_jinja(row)
        except FormatError as error:
            assert "two fields are next to each other" in str(error)  # noqa: PT017 - of some rows
            counted["refused"] += 1
            continue
        counted["rows"] += 1
        tok = in_letters(row)
        for chat in DRAWS[which].conversations(tok, chance):
            counted.update(check(tok, source, chat))
    assert counted["rows"] > _ENOUGH * (counted["rows"] + counted["refused"])
    assert counted["equal"] > counted["rows"]


def test_some_rows_that_are_drawn() -> None:
    _compare(first=0, many=250)


@pytest.mark.slow
def test_more_rows_that_are_drawn() -> None:
    _compare(first=250, many=size(1_200, 200_000))


ENVELOPE = ChatFormat(
    name="envelope",
    template={
        "user": "<s>u{content}<m>",
        "assistant": {"each": "<s>a{^}{content}<m>", "close": "x<e>"},
    },
    special_tokens=["<s>", "<m>", "<e>"],
)


@pytest.mark.parametrize("roles", ["ua", "uaua", "uaau", "au"])
def test_what_closes_the_models_envelope_is_the_models(roles: str) -> None:
    names = {"u": "user", "a": "assistant"}
    chat = Conversation(messages=tuple(Message(role=names[r], content="Hi") for r in roles))
    found = [*check(in_letters(ENVELOPE), to_jinja(ENVELOPE), chat)]
    assert found.count("equal") > 1


CLOSED = ChatFormat(
    name="closed",
    template={"assistant": "<s>{^}{reasoning}y[y{channel}]x<m>{content}<e>"},
    special_tokens=["<s>", "<m>", "<e>"],
    fences=["yy", "yx"],
)


@pytest.mark.parametrize("channel", [None, "c"])
def test_reasoning_is_refused_only_beside_what_completes_its_end(channel: str | None) -> None:
    answer = Message(role="assistant", reasoning="y", channel=channel)
    tok = in_letters(CLOSED)
    found = {*check(tok, to_jinja(CLOSED), Conversation(messages=(answer,)))}
    assert ("equal" in found) is (channel is None)


UNPROMPTED = ChatFormat(
    name="unprompted",
    template={
        "user": "x<m>u{content}<m>",
        "assistant": {"each": "<s>a[|{call.name}<m>{call.arguments}<m>]*<e>", "close": "x<e>"},
    },
    special_tokens=["<s>", "<m>", "<e>"],
)


@pytest.mark.parametrize("more", [[], [Message(role="user", content="Hi")]])
def test_what_closes_an_envelope_in_which_no_model_begins_has_no_mark(more: list[Message]) -> None:
    calling = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments="{}"),))
    chat = Conversation(messages=(calling, *more))
    assert "equal" in {*check(in_letters(UNPROMPTED), to_jinja(UNPROMPTED), chat)}


def test_more_reasons_to_refuse_than_python_takes_in_one_condition() -> None:
    closer = "x" * 250  # each beginning of it is a reason, where text ends in it
    row = ChatFormat(
        name="many",
        template={"assistant": f"<s>{{^}}{{reasoning}}{closer}{{content}}<e>"},
        special_tokens=["<s>", "<e>"],
        fences=[closer],
    )
    tok, source = in_letters(row), to_jinja(row)
    for thought, comes_back in (("Hi", True), ("Hix", False), (closer, False)):
        answer = Message(role="assistant", reasoning=thought, content="Ho")
        chat = Conversation(messages=(answer,))
        assert ("equal" in {*check(tok, source, chat)}) is comes_back
