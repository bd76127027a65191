"""Harmony's shape and the usual one: each converts to the other and back, or is refused."""

# ruff: noqa: E501 - a case a line

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from chatfmt.conversation import Conversation, Message, ToolCall
from chatfmt.conversation.harmony import is_split, join, split_for_harmony
from chatfmt.errors import DataError
from strategies import agent_conversations, harmony_conversations


@given(harmony_conversations())
@settings(deadline=None)
def test_splitting_what_was_joined(conversation: Conversation) -> None:
    assert split_for_harmony(join(conversation.messages)) == conversation.messages


@given(agent_conversations())
@settings(deadline=None)
def test_what_was_split_has_the_shape_of_harmony(conversation: Conversation) -> None:
    split = split_for_harmony(conversation.messages)
    assert split_for_harmony(split) == split
    for message in split:
        assert is_split([message]) == (message.role in ("assistant", "tool"))
        assert (message.reasoning, message.tool_calls) == (None, ())


@given(harmony_conversations())
@settings(deadline=None)
def test_joined_calls_and_results_have_ids(conversation: Conversation) -> None:
    joined = join(conversation.messages)
    ids = [call.id for message in joined for call in message.tool_calls]
    assert None not in ids
    assert len(set(ids)) == len(ids)
    results = [message.call_id for message in joined if message.role == "tool"]
    assert sorted(map(str, results)) == sorted(map(str, ids))


def assistant(content: str = "", **fields: Any) -> Message:
    return Message(role="assistant", content=content, **fields)


def thought(content: str, **fields: Any) -> Message:
    return assistant(content, channel="analysis", **fields)


def said(content: str, channel: str = "final", **fields: Any) -> Message:
    return assistant(content, channel=channel, **fields)


def call(name: str, arguments: str = "{}", **fields: Any) -> Message:
    kind = {"channel": "commentary", "content_type": "json", **fields}
    return assistant(arguments, recipient=f"functions.{name}", **kind)


def result(name: str, content: str, **fields: Any) -> Message:
    place = {"recipient": "assistant", "channel": "commentary", **fields}
    return Message(role="tool", name=f"functions.{name}", content=content, **place)


USER = Message(role="user", content="Weather?")


def test_a_conversation_by_hand() -> None:
    split = (
        USER,
        thought("Both."),
        said("One moment.", "commentary"),
        call("sun"),
        call("rain", '{"x": 1}'),
        call("sun", '{"x": 2}'),
        result("rain", "no"),
        result("sun", "yes"),
        result("sun", "no"),
        thought("So."),
        said("Sun."),
    )
    calls = tuple(
        ToolCall(name=name, arguments=arguments, id=f"call_{index}")
        for index, (name, arguments) in enumerate(
            [("sun", "{}"), ("rain", '{"x": 1}'), ("sun", '{"x": 2}')]
        )
    )
    joined = (
        USER,
        assistant("One moment.", reasoning="Both.", tool_calls=calls),
        Message(role="tool", content="no", call_id="call_1"),
        Message(role="tool", content="yes", call_id="call_0"),
        Message(role="tool", content="no", call_id="call_2"),
        assistant("Sun.", reasoning="So."),
    )
    assert join(split) == joined
    assert split_for_harmony(joined) == split


def test_ids_of_ones_own_are_kept() -> None:
    calls = (call("f", call_id="a"), call("f", call_id="b"))
    split = (USER, *calls, result("f", "2", call_id="b"))
    joined = join(split)
    assert [made.id for made in joined[1].tool_calls] == ["a", "b"]
    assert joined[2].call_id == "b"
    assert split_for_harmony(joined) == split
    # Numbers are kept as well where results do not come in order.
    numbered = (call("f", call_id="call_0"), call("f", call_id="call_1"))
    late = result("f", "2", call_id="call_1")
    assert split_for_harmony(join((*numbered, late))) == (*numbered, late)
    # And the result of another's call: it has no number to be left out.
    stray = (call("f"), result("f", "1"), call("f", call_id="c"))
    with pytest.raises(DataError, match="expected an id, since other calls or results have one"):
        join(stray)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([assistant("a", recipient="python", channel="commentary")], "messages[0].recipient: expected a call to functions.NAME, found the text 'python'"),
        ([said("a", "aside")], "messages[0].channel: expected one of analysis, commentary, final, found the text 'aside'"),
        ([call("f", channel=None)], "messages[0].channel: expected the text 'commentary', which harmony has in this place, found nothing: it would be lost"),
        ([call("f", channel="analysis")], "messages[0].channel: expected the text 'commentary'"),
        ([call("f", content_type=None)], "messages[0].content_type: expected the text 'json'"),
        ([USER, said("a", content_type="json")], "messages[1].content_type: expected nothing"),
        ([said("a", "commentary")], "messages[0].channel: expected the text 'final'"),
        ([said("a"), assistant("b")], "messages[1].channel: expected the text 'final'"),
        ([said("a", reasoning="b")], "messages[0].reasoning: expected nothing"),
        ([said("a", tool_calls=(ToolCall(name="f", arguments=""),))], "messages[0].tool_calls: expected a list of 0"),
        ([said("", "commentary"), call("f")], "messages[0]: expected text or a call to functions.NAME, found neither"),
        ([said("a", tools="[]")], "messages[0].tools: harmony has no place for it"),
        ([result("f", "a")], "messages[0].name: expected an earlier call of 'functions.f' without a result, found none"),
        ([call("f"), result("f", "a"), result("f", "b")], "messages[2].name: expected an earlier call"),
        ([call("f"), result("g", "a")], "messages[1].name: expected an earlier call of 'functions.g'"),
        ([call("f", call_id="c"), result("f", "a", call_id="d")], "messages[1].call_id: expected the id of an earlier call, found the text 'd'"),
        ([call("f", call_id="c"), result("g", "a", call_id="c")], "messages[1].name: expected the text 'functions.f'"),
        ([call("f"), result("f", "a", channel=None)], "messages[1].channel: expected the text 'commentary'"),
        ([said("a"), Message(role="tool", name="f", content="b")], "messages[1].name: expected the text 'functions.f'"),
        ([said("a"), Message(role="tool", content="b")], "messages[1].name: expected the id of an earlier call or the name of its function, found no one"),
    ],
)  # fmt: skip
def test_what_cannot_be_joined(messages: list[Message], reason: str) -> None:
    with pytest.raises(DataError) as caught:
        join(messages)
    assert str(caught.value).startswith(reason)


MADE = assistant(tool_calls=(ToolCall(name="f", arguments="{}", id="c"),))


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([assistant("a", content_type="json")], "messages[0].content_type: harmony has no place"),
        ([assistant("a", tools="[]")], "messages[0].tools: harmony has no place for it"),
        ([assistant("a", call_id="c")], "messages[0].call_id: harmony has no place for it"),
        ([MADE, Message(role="tool", call_id="d")], "messages[1].call_id: expected the id of an"),
        ([MADE, Message(role="tool")], "messages[1].name: expected the id of an earlier call or"),
        (
            [MADE, Message(role="tool", call_id="c", name="g")],
            "messages[1].name: expected the text 'f', which its call has, found the text 'g'",
        ),
    ],
)
def test_what_cannot_be_split(messages: list[Message], reason: str) -> None:
    with pytest.raises(DataError) as caught:
        split_for_harmony(messages)
    assert str(caught.value).startswith(reason)


def test_an_empty_answer_is_one() -> None:
    split = (thought("a"), said(""), said(""), thought("b"), thought(""), call("f"))
    assert [message.reasoning for message in join(split)] == ["a", None, None, "b", ""]
    assert split_for_harmony(join(split)) == split


def test_answers_of_different_weight_stay_apart() -> None:
    split = (thought("a", weight=0.0), said("b", weight=1.0), said("c", name="n"))
    joined = join(split)
    assert [message.weight for message in joined] == [0.0, 1.0, None]
    assert split_for_harmony(joined) == split
