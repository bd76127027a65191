"""Texts that lose white space, and messages that change their role."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import Message
from preparing import rewrite, said

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
