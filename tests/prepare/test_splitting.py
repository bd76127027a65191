"""Reasoning and calls as separate messages."""

from __future__ import annotations

import pytest

from chatfmt import Message
from chatfmt.conversation.harmony import split_for_harmony
from preparing import call, refused, rewrite, turns

SPLIT = [{"word": "split"}]
ANSWER = Message(
    role="assistant", reasoning="hm", content="so", tool_calls=(call("f", "1"), call("g", "2"))
)
RESULT = Message(role="tool", call_id="2", content="r")


def test_an_answer_is_several_messages() -> None:
    given = turns("user: a", ANSWER, RESULT)
    prepared = rewrite(SPLIT, *given)
    assert prepared.messages == split_for_harmony(given)
    assert [(m.role, m.channel, m.content) for m in prepared.messages] == [
        ("user", None, "a"),
        ("assistant", "analysis", "hm"),
        ("assistant", "commentary", "so"),
        ("assistant", "commentary", "{}"),
        ("assistant", "commentary", "{}"),
        ("tool", "commentary", "r"),
    ]


def test_the_first_of_them_is_the_message_that_was_given() -> None:
    changes = rewrite(SPLIT, "user: a", ANSWER).changes
    assert {(change.message, change.field) for change in changes} == {
        *((1, field) for field in ("content", "reasoning", "tool_calls", "channel")),
        (None, "message"),
    }
    assert [m.after for m in changes if m.message is None] == [*split_for_harmony([ANSWER])[1:]]


def test_what_is_split_already_stays() -> None:
    split = split_for_harmony(turns("user: a", ANSWER, RESULT))
    assert rewrite(SPLIT, *split).changes == ()


@pytest.mark.parametrize(
    ("message", "field", "reason"),
    [
        (Message(role="tool", content="r"), "name", "the id of an earlier call or the name"),
        (RESULT, "call_id", "expected the id of an earlier call"),
        (Message(role="assistant", call_id="1"), "call_id", "harmony has no place for it"),
    ],
)
def test_what_harmony_has_no_place_for_is_refused(
    message: Message, field: str, reason: str
) -> None:
    error = refused(SPLIT, "user: a", message)
    assert (error.message, error.field) == (1, field)
    assert reason in error.reason


def test_an_added_message_has_no_index_in_an_error() -> None:
    words = [{"word": "insert", "role": "tool", "content": ""}, *SPLIT]
    assert refused(words, "user: a").message is None
