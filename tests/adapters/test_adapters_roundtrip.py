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
    return {"messages": messages, "tools": draw(st.none() | st.just("[]"))}


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message after the losses that it has by itself; its calls in one place."""
    message = {k: v for k, v in message.items() if v is not None and k != "refusal"}
    if "train" in message:
        message["weight"] = int(message.pop("train"))
    if isinstance(message.get("content"), list):
        message["content"] = "".join(part["text"] for part in message["content"])
    calls = [
        {key: value for key, value in call.items() if value is not None}
        for call in message.pop("tool_calls", [])
    ]
    if "function_call" in message:
        calls = [{"function": message.pop("function_call")}]
    for call in calls:
        arguments = call["function"]["arguments"]
        if not isinstance(arguments, str):
            dumped = json.dumps(arguments, ensure_ascii=False)
            call["function"] = {**call["function"], "arguments": dumped}
    if calls:
        message["content"] = message.get("content") or None
    return {**message, "calls": calls}


def _joins(before: dict[str, Any], message: dict[str, Any]) -> bool:
    return (
        message["calls"] != []
        and message["content"] is None
        and "reasoning_content" not in message
        and before["role"] == "assistant"
        and before["content"] != ""
        and all(before.get(key) == message.get(key) for key in ("name", "weight"))
    )


def _is_there(before: dict[str, Any], call: dict[str, Any]) -> bool:
    return "id" in call and call["id"] in [made.get("id") for made in before["calls"]]


def _written(message: dict[str, Any]) -> dict[str, Any]:
    calls = message.pop("calls")
    if len(calls) == 1 and "id" not in calls[0]:
        message["function_call"] = calls[0]["function"]
    elif calls:
        message["tool_calls"] = [{**call, "type": "function"} for call in calls]
    if message["role"] == "tool" and "name" in message and "tool_call_id" not in message:
        message["role"] = "function"
    return message


def _comes_back(row: dict[str, Any]) -> dict[str, Any]:
    """A row after the losses of the table, by other code."""
    kept: list[dict[str, Any]] = []
    for message in map(_plain, row["messages"]):
        # Call by call: the second of two with one id, and what follows it, stay apart.
        calls = message["calls"]
        joins = bool(kept) and _joins(kept[-1], message)
        while joins and calls and not _is_there(kept[-1], calls[0]):
            kept[-1]["calls"].append(calls.pop(0))
        if calls or not joins:
            kept.append(message)
    further = {key: value for key, value in row.items() if value is not None}
    return {**further, "messages": list(map(_written, kept))}


LAX = Options(
    text_parts="join", object_arguments="dump", call_ids="optional", unknown_fields="drop"
)


@given(lossy_rows())
@settings(deadline=None)
def test_nothing_is_lost_but_what_the_page_lists(row: dict[str, Any]) -> None:
    [conversation] = read_row(row, schema="openai", options=LAX)
    again = write_row(conversation)
    assert again == _comes_back(row)
    # And what was written has no further losses.
    assert read_row(again, schema="openai", options=LAX) == [conversation]
