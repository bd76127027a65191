"""Texts that spell special tokens, in messages that are not prepared."""

from __future__ import annotations

from chatfmt import Message
from chatfmt.conversation import ToolCall
from chatfmt.tools.scan import SpecialText, scan

TOKENS = ["<s>", "<s>>", "<e>"]


def test_every_text_of_a_message_and_of_its_calls() -> None:
    calls = (
        ToolCall(name="f", arguments='{"a": "<e>"}', id=None),
        ToolCall(name="g", arguments="{}", id="<s>"),
    )
    messages = [
        Message(role="user", content="no <s token>"),
        Message(role="assistant", content="<e><s>>", reasoning="<s>", tool_calls=calls),
    ]
    assert set(scan(messages, TOKENS)) == {
        SpecialText(1, "content", 0, "<e>"),
        SpecialText(1, "content", 3, "<s>>"),
        SpecialText(1, "reasoning", 0, "<s>"),
        SpecialText(1, "tool_calls[0].arguments", 7, "<e>"),
        SpecialText(1, "tool_calls[1].id", 0, "<s>"),
    }


def test_spellings_may_overlap() -> None:
    found = scan([Message(role="user", content="aaba")], ["aa", "ab", "aba"])
    assert [(text.offset, text.token) for text in found] == [(0, "aa"), (1, "aba")]


def test_without_special_tokens_nothing_is_found() -> None:
    assert scan([Message(role="user", content="<s>")], []) == []
