"""A preparation in words: each option of each word is described, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import FORMAT_ROWS, get_format
from chatfmt.prepare.summary import summary
from chatfmt.prepare.words import read_words


def said(**word: Any) -> str:
    return summary(read_words([word]))


def strip(**options: Any) -> str:
    return said(word="strip", roles=["user"], **options)


def reasoning(**options: Any) -> str:
    return said(word="reasoning", **options)


def test_nothing_is_said_of_nothing() -> None:
    assert summary(()) == ""
    assert said(word="order") == ""


def test_all_parts_make_whole_sentences() -> None:
    words: list[dict[str, Any]] = [
        {"word": "order", "first": ["system", "developer"], "calls": 2, "alternate": True},
        {"word": "strip", "roles": ["user", "assistant", "system"]},
        {"word": "strip", "roles": ["user", "assistant", "system"]},
        {"word": "calls", "ids": "{n}"},
        {"word": "split"},
        {"word": "system", "default": "{a}{b}{c}", "values": {"a": None, "b": None, "c": "1"}},
    ]
    assert summary(read_words(words)) == (
        "prepare() strips white space from the content of user, assistant and system messages, "
        "gives tool calls and their results new ids, turns thinking and tool calls into separate "
        "messages, and adds a system message if there is none. It refuses anything but user and "
        "assistant messages in turn, system and developer messages after the start, or more than "
        "2 tool calls in a message. It needs the values a and b. It takes the value c."
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (said(word="system"), ""),
        (said(word="system", drop=True, default="x"), "leaves out the system message"),
        (said(word="system", default=""), "adds a system message if there is none"),
        (
            said(word="system", default_with_tools="x"),
            "adds a system message if there are tools and it is missing",
        ),
        (said(word="system", role="developer", before="x"), "adds text to the developer message"),
        (said(word="system", before_with_tools="x"), "adds text to the system message"),
        (said(word="system", after="x"), "adds text to the system message"),
        (said(word="system", after_with_tools="x"), "adds text to the system message"),
        (said(word="system", empty="drop"), "leaves out an empty system message"),
        (said(word="system", empty="default"), "treats an empty system message as none"),
        (
            said(word="fold", into="last"),
            "puts the system message in front of the last user message",
        ),
        (
            said(word="insert", role="settings", content="x"),
            "adds a settings message at the start",
        ),
        (strip(), "strips white space from the content of user messages"),
        (strip(side="start"), "strips white space from the start of the content of user messages"),
        (
            strip(side="end", characters="\n"),
            "strips line ends from the end of the content of user messages",
        ),
        (
            strip(characters=" \t."),
            "strips spaces, tabs and '.' from the content of user messages",
        ),
        (
            strip(thinks=True, calls=False, earlier=True),
            (
                "strips white space from the content of user messages with thinking without calls "
                "before the last user message"
            ),
        ),
        (
            strip(thinks=False, calls=True),
            "strips white space from the content of user messages without thinking with calls",
        ),
        (
            said(word="strip", roles=["assistant"], field="reasoning", side="end"),
            "strips white space from the end of the thinking",
        ),
        (
            said(word="rename", role="tool", to="user", joined=True),
            "writes tool messages as user messages and joins tool messages that follow each other",
        ),
        (
            said(word="rename", role="tool", to="tool", quoted=True),
            "writes the content of tool messages as a JSON string",
        ),
        (said(word="rename", role="tool", to="tool", after="x"), "adds text around tool messages"),
        (reasoning(keep="all"), ""),
        (reasoning(keep="none"), "drops all thinking"),
        (reasoning(keep="after_last_user"), "drops the thinking before the last user message"),
        (reasoning(keep="after_last_answer"), "drops the thinking up to the last answer"),
        (
            reasoning(keep="all", blank=False),
            "treats thinking that is only white space as none",
        ),
        (reasoning(keep="all", empty="kept"), "gives answers without thinking an empty block"),
        (
            reasoning(keep="none", empty="all", dropped=""),
            (
                "drops all thinking, gives answers without thinking an empty block, and leaves a "
                "mark where it drops thinking"
            ),
        ),
        (
            reasoning(keep="after_last_user", empty="kept"),
            (
                "drops the thinking before the last user message and gives later answers without "
                "thinking an empty block"
            ),
        ),
        (
            reasoning(keep="none", leaves="x"),
            "drops all thinking and leaves a mark where it drops thinking",
        ),
        (said(word="tools", into="system"), "writes tool definitions into the system message"),
        (
            said(word="tools", into="first_user"),
            "writes tool definitions into the first user message",
        ),
        (
            said(word="tools", into="message", role="tools"),
            "writes tool definitions into a tools message of their own",
        ),
        (
            said(word="tools", into="inserted", role="settings"),
            "writes tool definitions into the added settings message",
        ),
    ],
)
def test_each_option_is_said(found: str, expected: str) -> None:
    assert found == (f"prepare() {expected}." if expected else "")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ({"system": False}, "system messages"),
        ({"text_with_calls": False}, "text beside tool calls"),
        ({"empty_answers": False}, "answers without text"),
        ({"tools": False}, "definitions of tools"),
        ({"calls": 1}, "more than 1 tool call in a message"),
    ],
)
def test_what_is_refused_is_said(option: dict[str, Any], expected: str) -> None:
    assert said(word="order", **option) == f"prepare() refuses {expected}."


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_a_row_that_prepares_says_so(name: str) -> None:
    row = get_format(name)
    assert bool(row.preparation_summary) == bool(row.prepare)
    for word in row.preparation:
        for value in word.names:
            assert value in row.preparation_summary
