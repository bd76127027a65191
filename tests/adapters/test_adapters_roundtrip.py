"""Random OpenAI rows, read and written, are the same down to the spelling of arguments."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt.adapters import Options, read_row, write_row
from chatfmt.conversation import Conversation, Message, ToolCall
from chatfmt.errors import DataError
from strategies import agent_conversations

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


TOOLS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {"tools": [{"type": "function", "function": {"name": "f", "strict": False}}]}]
)


def calls(*, with_ids: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    """The calls of a message, as OpenAI's JSON has them."""
    function = st.fixed_dictionaries({"name": LABEL, "arguments": TEXT})
    call: dict[str, st.SearchStrategy[Any]] = {"type": st.just("function"), "function": function}
    if not with_ids:
        return st.lists(st.fixed_dictionaries(call), min_size=1, max_size=3)
    return st.lists(
        st.fixed_dictionaries({"id": LABEL, **call}),
        min_size=1,
        max_size=3,
        unique_by=lambda made: made["id"],
    )


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Rows without the documented losses."""
    messages: list[dict[str, Any]] = []
    made: list[str] = []
    with_ids = draw(st.booleans())
    for _ in range(draw(st.integers(1, 6))):
        kinds = ["system", "developer", "user", "assistant", "calls"]
        kinds += ["tool"] * (bool(made) or not with_ids)
        kind = draw(st.sampled_from(kinds))
        message: dict[str, Any] = {"role": kind, "content": draw(TEXT)}
        if kind == "calls":
            message = {"role": "assistant", "content": draw(st.none() | LABEL)}
            message["tool_calls"] = draw(calls(with_ids=with_ids))
            made += [call["id"] for call in message["tool_calls"] if with_ids]
        if message["role"] == "assistant":
            message |= draw(st.sampled_from([{}, {"reasoning_content": "hm"}]))
        if kind == "tool" and with_ids:
            message["tool_call_id"] = draw(st.sampled_from(made))
        messages.append({**message, **draw(NAME), **draw(WEIGHT)})
    further = draw(st.dictionaries(LABEL, JSON.filter(lambda value: value is not None), max_size=2))
    further = {key: value for key, value in further.items() if key != "tools"}
    return {**further, **draw(TOOLS), "messages": messages}


@given(rows())
@settings(deadline=None)
def test_reading_and_writing_is_the_identity(row: dict[str, Any]) -> None:
    [conversation] = read_row(row, schema="openai")
    assert isinstance(conversation, Conversation)
    assert write_row(conversation) == row


@given(agent_conversations(names=LABEL).filter(lambda chat: chat.messages))
@settings(deadline=None)
def test_writing_and_reading_is_the_identity(conversation: Conversation) -> None:
    row = json.loads(json.dumps(write_row(conversation)))
    assert read_row(row) == [conversation]


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
    assert [call.arguments for call in conversation.messages[1].tool_calls] == [arguments]


@given(
    st.lists(
        st.tuples(
            st.just("") | TEXT,
            st.lists(
                st.sampled_from(["{}", " {}", '{"a":1, "a":1}', "3", '"x"', "", "{"]) | TEXT,
                max_size=2,
            ),
            st.sampled_from([None, 0.0]),
        ),
        min_size=1,
        max_size=3,
    )
)
@settings(deadline=None)
def test_sharegpt_calls_are_written_so_that_they_come_back(
    answers: list[tuple[str, list[str], float | None]],
) -> None:
    messages = [Message(role="user", content="a")]
    for content, arguments, weight in answers:
        made = tuple(ToolCall(name="f", arguments=text) for text in arguments)
        messages.append(Message(role="assistant", content=content, tool_calls=made, weight=weight))
    conversation = Conversation(messages=tuple(messages))
    for (text, before, weight), (more, after, other) in pairwise(answers):
        if text and not before and after and not more and weight == other:
            with pytest.raises(DataError, match="would be read back as part of the message before"):
                write_row(conversation, "sharegpt")
            return
    row = write_row(conversation, "sharegpt")
    lax = Options(empty_turns="keep", repeated_roles="keep")
    assert read_row(row, options=lax) == [conversation]


# -- the losses of OpenAI rows, every one that docs/data.md lists and no other ------------------


@st.composite
def lossy_rows(draw: st.DrawFn) -> dict[str, Any]:
    """Whatever the policies let pass, in any order of messages."""
    null: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {}, optional={"name": st.none() | LABEL, "refusal": st.none() | TEXT, "weight": st.none()}
    )
    weight: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [{}, {}, {"weight": 0.5}, {"train": True}, {"train": False}]
    )
    parts = st.lists(TEXT, min_size=1, max_size=2).map(
        lambda texts: [{"type": "text", "text": text} for text in texts]
    )
    arguments = TEXT | st.dictionaries(TEXT, JSON, max_size=2)
    function = st.fixed_dictionaries({"name": LABEL, "arguments": arguments})
    messages: list[dict[str, Any]] = []
    made: list[str] = []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["user", "assistant", "calls", "calls", "call", "tool"]))
        role = "assistant" if kind in ("calls", "call") else kind
        message = {"role": role, **draw(null), **draw(weight)}
        if kind in ("calls", "call"):
            message |= draw(st.sampled_from([{}, {"content": None}, {"content": ""}]))
            message |= draw(st.sampled_from([{}, {"reasoning_content": "hm"}]))
        if role == kind or draw(st.booleans()):
            message["content"] = draw(st.just("") | TEXT | parts)
        if kind == "calls":
            several = draw(st.lists(function, min_size=1, max_size=2))
            ids = [draw(st.sampled_from([None, f"c{at}"])) for at in range(len(several))]
            message["tool_calls"] = [
                {"type": "function", "id": identifier, "function": one}
                for identifier, one in zip(ids, several, strict=True)
            ]
            made += [identifier for identifier in ids if identifier is not None]
        elif kind == "call":
            message["function_call"] = draw(function)
        elif kind == "tool":
            message["tool_call_id"] = draw(st.sampled_from([None, *made]))
        elif kind == "assistant":
            message["tool_calls"] = draw(st.sampled_from([None, []]))
        messages.append(message)
    return {"messages": messages, "tools": draw(st.sampled_from([None, [], [{"a": 1}]]))}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(item) for k, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _dumped(call: dict[str, Any]) -> dict[str, Any]:
    call = {key: value for key, value in call.items() if value is not None}
    arguments = call["function"]["arguments"]
    if not isinstance(arguments, str):
        dumped = json.dumps(_without_nulls(arguments), ensure_ascii=False)
        call["function"] = {**call["function"], "arguments": dumped}
    return {**call, "type": "function"}


def _comes_back(message: dict[str, Any]) -> dict[str, Any]:
    """A message after the losses of the table, by other code."""
    message = {k: v for k, v in message.items() if v is not None and k != "refusal"}
    if "train" in message:
        message["weight"] = int(message.pop("train"))
    if isinstance(message.get("content"), list):
        message["content"] = "".join(part["text"] for part in message["content"])
    made = message.pop("tool_calls", [])
    if "function_call" in message:
        made = [{"function": message.pop("function_call")}]
    if made:
        message["content"] = message.get("content") or None
        message["tool_calls"] = [_dumped(call) for call in made]
    return message


LAX = Options(
    text_parts="join", object_arguments="dump", call_ids="optional", unknown_fields="drop"
)


@given(lossy_rows())
@settings(deadline=None)
def test_nothing_is_lost_but_what_the_page_lists(row: dict[str, Any]) -> None:
    [conversation] = read_row(row, schema="openai", options=LAX)
    again = write_row(conversation)
    expected = [_comes_back(message) for message in row["messages"]]
    assert again == {"messages": expected, **({"tools": row["tools"]} if row["tools"] else {})}
    # And what was written has no further losses.
    assert read_row(again, schema="openai", options=LAX) == [conversation]
