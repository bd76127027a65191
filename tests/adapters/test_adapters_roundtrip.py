"""Random OpenAI rows: read and written they are the same, down to the spelling of arguments."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatfmt.adapters import Options, read_row, write_row
from chatfmt.conversation import Conversation, Message

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
LABEL = TEXT.filter(bool)
WEIGHT: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"weight": 0}, {"weight": 1}, {"weight": 0.25}]
)
NAME: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({}, optional={"name": LABEL})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Rows without the documented losses: no calls right after another assistant message."""
    messages: list[dict[str, Any]] = []
    made: list[str] = []
    for _ in range(draw(st.integers(1, 6))):
        after_assistant = bool(messages) and messages[-1]["role"] == "assistant"
        kinds = ["system", "developer", "user", "assistant", "function"]
        kinds += ["tool"] * bool(made) + ["calls", "call"] * (not after_assistant)
        kind = draw(st.sampled_from(kinds))
        common = {**draw(NAME), **draw(WEIGHT)}
        if kind in ("calls", "call"):
            common |= draw(st.sampled_from([{}, {"reasoning_content": "hm"}]))
            message: dict[str, Any] = {
                "role": "assistant",
                "content": draw(st.none() | LABEL),
                **common,
            }
        if kind == "calls":
            calls = draw(
                st.lists(
                    st.tuples(LABEL, LABEL, TEXT),
                    min_size=1,
                    max_size=3,
                    unique_by=lambda call: call[0],
                )
            )
            made += [identifier for identifier, _, _ in calls]
            message["tool_calls"] = [
                {
                    "id": identifier,
                    "type": "function",
                    "function": {"name": name, "arguments": arguments},
                }
                for identifier, name, arguments in calls
            ]
        elif kind == "call":
            message["function_call"] = {"name": draw(LABEL), "arguments": draw(TEXT)}
        else:
            message = {"role": kind, "content": draw(TEXT), **common}
            if kind == "tool":
                message["tool_call_id"] = draw(st.sampled_from(made))
            if kind == "function":
                message["name"] = draw(LABEL)
        messages.append(message)
    further = draw(st.dictionaries(LABEL, JSON.filter(lambda value: value is not None), max_size=2))
    return {**further, "messages": messages}


@given(rows())
@settings(deadline=None)
def test_reading_and_writing_is_the_identity(row: dict[str, Any]) -> None:
    [conversation] = read_row(row, schema="openai")
    assert isinstance(conversation, Conversation)
    assert write_row(conversation) == row


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Whatever OpenAI's JSON has a place for, also where several rows could mean it."""
    messages = []
    for index in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["user", "assistant", "call", "call", "tool"]))
        fields: dict[str, Any] = {"content": draw(st.sampled_from(["", "a", "{}"]))}
        fields["weight"] = draw(st.sampled_from([None, 0.0, 1.0]))
        fields["name"] = draw(st.sampled_from([None, "n"]))
        if kind == "call":
            fields |= {
                "recipient": "functions.f",
                "call_id": draw(st.sampled_from([None, f"c{index}"])),
            }
        if kind in ("call", "assistant"):
            fields["reasoning"] = draw(st.sampled_from([None, "hm"]))
        messages.append(Message(role="assistant" if kind == "call" else kind, **fields))
    return Conversation(messages=tuple(messages))


EMPTY_BEFORE_CALL = Conversation(
    messages=(
        Message(role="assistant", content=""),
        Message(role="assistant", recipient="functions.f", content="", call_id="c"),
    )
)


@given(conversations())
@example(EMPTY_BEFORE_CALL)
@settings(deadline=None)
def test_writing_and_reading_is_the_identity(conversation: Conversation) -> None:
    row = json.loads(json.dumps(write_row(conversation)))
    assert read_row(row, options=Options(call_ids="optional")) == [conversation]


ARGUMENTS = st.builds(
    lambda value, indent, pad: json.dumps(value, indent=indent).replace("{", "{" + pad, 1),
    st.dictionaries(TEXT, JSON, max_size=3),
    st.none() | st.integers(0, 2),
    st.sampled_from(["", " ", "\n\t"]),
)


@given(ARGUMENTS, st.sampled_from(["", " ", "\r\n"]), st.booleans())
@settings(deadline=None)
def test_sharegpt_calls_keep_the_spelling_of_arguments(
    arguments: str,
    pad: str,
    first: bool,  # noqa: FBT001 - drawn
) -> None:
    members = ['"name"' + pad + ':"f"', pad + '"arguments":' + pad + arguments + pad]
    value = "{" + ",".join(members[::-1] if first else members) + "}"
    turns = [{"from": "human", "value": "a"}, {"from": "function_call", "value": value}]
    [conversation] = read_row({"conversations": turns})
    assert isinstance(conversation, Conversation)
    assert conversation.messages[1].content == arguments


@given(st.sampled_from(["{}", " {}", "{}\n", '{"a":1, "a":1}', "3", "[]", '"x"', "", "{"]) | TEXT)
@settings(deadline=None)
def test_sharegpt_calls_are_written_so_that_they_come_back(content: str) -> None:
    call = Message(role="assistant", recipient="functions.f", content=content)
    conversation = Conversation(messages=(Message(role="user", content="a"), call))
    row = write_row(conversation, "sharegpt")
    assert read_row(row) == [conversation]
