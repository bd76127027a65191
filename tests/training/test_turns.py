"""Turns: a result belongs to the call that it answers, wherever the call is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatfmt.conversation import Message, ToolCall
from chatfmt.training.turns import answers, sections, turns

IDS = st.sampled_from(["a", "b", "c"])
CALLS = st.lists(
    st.builds(ToolCall, name=st.just("f"), arguments=st.just("{}"), id=IDS | st.none())
)

MESSAGES = st.lists(
    st.one_of(
        st.just(Message(role="user")),
        st.builds(Message, role=st.just("assistant"), tool_calls=CALLS.map(tuple)),
        st.builds(Message, role=st.just("tool"), call_id=IDS),
    ),
    max_size=12,
)


@given(MESSAGES)
def test_calls_in_a_message_count_as_calls_that_are_messages(messages: list[Message]) -> None:
    apart: list[Message] = []
    where = []
    for message in messages:
        where.append(len(apart))
        apart.append(message.model_copy(update={"tool_calls": ()}))
        apart += [Message(role="assistant", call_id=call.id) for call in message.tool_calls]
    places, homes = turns(apart)
    assert turns(messages) == ([places[i] for i in where], [homes[i] for i in where])


def test_a_late_result_holds_the_turns_together() -> None:
    call = ToolCall(name="f", arguments="{}", id="a")
    messages = [
        Message(role="user"),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="user"),
        Message(role="assistant"),
        Message(role="tool", call_id="a"),
    ]
    assert turns(messages) == ([1, 1, 2, 2, 2], [1, 1, 2, 2, 1])
    assert sections(messages) == [range(5)]
    without = [message.model_copy(update={"tool_calls": ()}) for message in messages]
    assert sections(without) == [range(2), range(2, 5)]


def test_instructions_go_with_what_they_stand_before() -> None:
    roles = ["system", "user", "assistant", "system", "developer", "user"]
    assert sections([Message(role=role) for role in roles]) == [range(3), range(3, 6)]
    roles = ["assistant", "user"]
    assert sections([Message(role=role) for role in roles]) == [range(1), range(1, 2)]


def test_answers_one_after_another_are_written_at_a_time() -> None:
    roles = ["user", "assistant", "assistant", "tool", "assistant"]
    assert answers([Message(role=role) for role in roles]) == [[range(1, 3), range(4, 5)]]
