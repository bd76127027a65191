"""Texts that lose white space, and messages whose role changes."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import Message
from preparing import call, rewrite, said

TEXT = " \n\u00a0a \t"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "a"),
        ({"side": "start"}, "a \t"),
        ({"side": "end"}, " \n\u00a0a"),
        ({"characters": "\n "}, "\u00a0a \t"),
        ({"characters": "\t", "side": "start"}, TEXT),
    ],
)
def test_strip(options: dict[str, Any], text: str) -> None:
    words = [{"word": "strip", "roles": ["user"], **options}]
    given = (Message(role="user", content=TEXT), Message(role="tool", content=TEXT))
    assert said(rewrite(words, *given)) == [f"user: {text}", f"tool: {TEXT}"]


def test_strip_of_the_thinking() -> None:
    words = [{"word": "strip", "roles": ["assistant"], "field": "reasoning"}]
    given = [Message(role="assistant", content=TEXT, reasoning=text) for text in (TEXT, None, "")]
    prepared = rewrite(words, *given)
    assert [message.reasoning for message in prepared.messages] == ["a", None, ""]
    assert [message.content for message in prepared.messages] == [TEXT] * 3


@pytest.mark.parametrize(("thinks", "texts"), [(True, [" a", "a"]), (False, ["a", " a"])])
def test_strip_of_answers_that_think_or_do_not(thinks: bool, texts: list[str]) -> None:  # noqa: FBT001 - a parameter
    words = [{"word": "strip", "roles": ["assistant"], "thinks": thinks}]
    given = [Message(role="assistant", content=" a", reasoning=text) for text in (None, "")]
    assert [message.content for message in rewrite(words, *given).messages] == texts


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({}, ["a", "a", "a"]),
        ({"calls": True}, ["a", " a", " a"]),
        ({"calls": False}, [" a", "a", "a"]),
        ({"earlier": True}, ["a", "a", " a"]),
        ({"earlier": True, "calls": True}, ["a", " a", " a"]),
    ],
)
def test_strip_of_some_answers(options: dict[str, Any], texts: list[str]) -> None:
    words = [{"word": "strip", "roles": ["assistant"], **options}]
    calling = Message(role="assistant", content=" a", tool_calls=(call(),))
    prepared = rewrite(words, calling, "assistant:  a", "user:  b", "assistant:  a")
    assert [m.content for m in prepared.messages if m.role == "assistant"] == texts
    assert prepared.messages[2].content == " b"


def test_without_a_user_no_answer_is_earlier() -> None:
    words = [{"word": "strip", "roles": ["assistant"], "earlier": True}]
    assert said(rewrite(words, "assistant:  a")) == ["assistant:  a"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 'user: "é"\n'),
        ({"before": "<", "after": ">"}, 'user: <"é"\n>'),
        ({"quoted": True, "after": "."}, 'user: "\\"é\\"\\n".'),
    ],
)
def test_rename(options: dict[str, Any], expected: str) -> None:
    words = [{"word": "rename", "role": "tool", "to": "user", **options}]
    prepared = rewrite(words, 'tool: "é"\n', "assistant: a")
    assert said(prepared) == [expected, "assistant: a"]
