"""Irregular rows of APIs, exports, logs and data sets are refused with place and reason."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt.adapters import Options, read_row
from chatfmt.conversation import Conversation
from chatfmt.errors import DataError

USER = {"role": "user", "content": "q"}


def _anthropic(*blocks: Any, role: str = "assistant", **row: Any) -> dict[str, Any]:
    return {"messages": [USER, {"role": role, "content": list(blocks)}], **row}


TEXT = {"type": "text", "text": "a"}
THOUGHT = {"type": "thinking", "thinking": "a"}
USE = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "c", "content": "1"}


def _gemini(*parts: Any, role: str = "model", **row: Any) -> dict[str, Any]:
    return {"contents": [{"role": role, "parts": list(parts)}], **row}


FCALL: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}
FRESULT: dict[str, Any] = {"functionResponse": {"name": "f", "response": {}}}


def _ai(**data: Any) -> dict[str, Any]:
    return {"messages": [{"type": "ai", "data": {"content": "a", **data}}]}


def _ui(*parts: Any, role: str = "assistant", **message: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "parts": list(parts), **message}]}


def _tool(**part: Any) -> dict[str, Any]:
    return {"type": "tool-f", "toolCallId": "c", "state": "input-available", "input": {}, **part}


def _chatgpt(**nodes: Any) -> dict[str, Any]:
    return {"mapping": nodes, "current_node": "a"}


def _said(**message: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": ["a"]}
    return {"message": {"author": {"role": "user"}, "content": content, **message}, "parent": None}


def _atif(**step: Any) -> dict[str, Any]:
    return {
        "schema_version": "ATIF-v1.4",
        "steps": [{"source": "agent", "message": "a", **step}],
    }


def _hermes(*turns: tuple[str, str]) -> dict[str, Any]:
    call = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    logged = [("human", "q"), ("gpt", call), *turns]
    return {"conversations": [{"from": who, "value": text} for who, text in logged]}


ODD: list[tuple[str, dict[str, Any], str]] = [
    ("anthropic", _anthropic(THOUGHT, THOUGHT), "messages[1].content[1]: expected thinking once"),
    ("anthropic", _anthropic(USE, TEXT), "messages[1].content[1].type: expected thinking, then"),
    (
        "anthropic",
        _anthropic({**USE, "input": "x"}),
        "messages[1].content[0].input: expected an obj",
    ),
    (
        "anthropic",
        _anthropic(USE, role="user"),
        "messages[1].content[0].type: expected text or tool",
    ),
    ("anthropic", _anthropic(THOUGHT, role="system"), "messages[1].content: expected text"),
    (
        "anthropic",
        _anthropic({**RESULT, "content": [USE]}, role="user"),
        "messages[1].content[0].content[0].type: expected text",
    ),
    (
        "anthropic",
        {"messages": [{**USER, "weight": 0}], "tools": [{"name": "f", "input_schema": {}}]},
        "messages[0].weight: a turn of this schema has no place for it",
    ),
    (
        "anthropic",
        _anthropic(USE, tools=[{"type": "bash", "input_schema": {}}]),
        "tools[0]: expected a tool definition",
    ),
    ("gemini", _gemini({}), "contents[0].parts[0]: expected one of text"),
    (
        "gemini",
        _gemini({"text": "a"}, FRESULT),
        "contents[0].parts[1].functionResponse: expected text",
    ),
    (
        "gemini",
        _gemini(FCALL, {"text": "a"}),
        "contents[0].parts[1].text: expected reasoning, then",
    ),
    ("gemini", _gemini(FCALL, role="user"), "contents[0].parts[0].functionCall: expected text or"),
    (
        "gemini",
        _gemini({"functionCall": {"name": "f", "args": 1}}),
        "contents[0].parts[0].functionCall.args: expected an object",
    ),
    (
        "gemini",
        _gemini({"functionResponse": {"name": "f", "response": 1}}, role="user"),
        "contents[0].parts[0].functionResponse.response: expected an object",
    ),
    (
        "gemini",
        _gemini({"text": "a"}, systemInstruction={"parts": [FCALL]}),
        "systemInstruction: expe",
    ),
    (
        "gemini",
        _gemini(
            {"text": "a"},
            systemInstruction={"parts": [{"text": "a"}]},
            system_instruction={"parts": [{"text": "a"}]},
        ),
        "system_instruction: expected o",
    ),
    (
        "gemini",
        _gemini({"text": "a"}, tools=[{"googleSearch": {}}]),
        "tools[0].googleSearch: expected",
    ),
    (
        "openai-responses",
        {"model": "m", "input": [{"type": "web_search_call"}]},
        "input[0].type: expe",
    ),
    ("openai-responses", {"model": "m", "input": [5]}, "input[0]: expected one of message"),
    (
        "openai-responses",
        {"model": "m", "input": "a", "tools": [{"type": "web_search"}]},
        "tools[0].type: expected one of function",
    ),
    (
        "openai-responses",
        {
            "model": "m",
            "input": [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}],
        },
        "input[0].content[0].x: a message has no place",
    ),
    (
        "completions",
        {"custom_id": "a", "response": {"error": "x"}},
        "expected a request or an answer",
    ),
    ("completions", {"custom_id": "a", "body": 5}, "body: expected an object"),
    ("completions", {"choices": [{"message": 5}]}, "choices[0].message: expected an object"),
    (
        "completions",
        {"custom_id": "a", "body": {"messages": [USER], "custom_id": "b"}},
        "body.custom_id: expected it once",
    ),
    (
        "langchain",
        _ai(tool_calls=[{"name": "f", "args": 1}]),
        "messages[0].data.tool_calls[0].args: e",
    ),
    (
        "langchain",
        _ai(tool_calls=[{"name": "f", "args": {}, "x": 1}]),
        "messages[0].data.tool_calls[0].x: a call",
    ),
    (
        "langchain",
        _ai(additional_kwargs={"refusal": "No."}),
        "messages[0].data.additional_kwargs.refusal: a message",
    ),
    (
        "langchain",
        _ai(additional_kwargs={"tool_calls": [1]}),
        "messages[0].data.additional_kwargs: expected the calls",
    ),
    (
        "langchain",
        {"messages": [{"lc": 1, "id": ["x", "OddMessage"], "kwargs": {"content": "a"}}]},
        "messages[0].id[1]: expected one of HumanMessage",
    ),
    (
        "langchain",
        {"inputs": {"messages": "a"}, "outputs": {"x": 1}},
        "outputs: expected messages in",
    ),
    (
        "vercel",
        _ui({"type": "text", "text": "a"}, content="b"),
        "messages[0].content: expected the same text",
    ),
    (
        "vercel",
        _ui({"type": "text", "text": "a"}, reasoning="b"),
        "messages[0].reasoning: expected th",
    ),
    ("vercel", _ui(_tool(input=1)), "messages[0].parts[0].input: expected an object"),
    ("vercel", _ui(_tool(state="odd")), "messages[0].parts[0].state: expected one of"),
    ("vercel", _ui(_tool(), role="user"), "messages[0].parts[0].type: expected text"),
    ("chatgpt-export", {"mapping": {}, "current_node": "a"}, "mapping: expected an object with at"),
    (
        "chatgpt-export",
        _chatgpt(b={**_said(), "parent": "a"}),
        "mapping: expected a node named 'a'",
    ),
    (
        "chatgpt-export",
        _chatgpt(a={**_said(), "parent": "a"}),
        "mapping: expected a tree, found a cycl",
    ),
    (
        "chatgpt-export",
        _chatgpt(a=_said(recipient="bio")),
        "mapping.a.message.recipient: expected a message to all",
    ),
    ("chatgpt-export", {**_chatgpt(a=_said()), "path": "x"}, "path: would be overwritten"),
    (
        "claude-export",
        {
            "chat_messages": [
                {"uuid": "1", "sender": "human", "text": "a", "parent_message_uuid": "2"},
                {"uuid": "2", "sender": "human", "text": "a", "parent_message_uuid": "1"},
                {"uuid": "3", "sender": "human", "text": "a", "parent_message_uuid": "1"},
            ]
        },
        "chat_messages: expected a tree, found a cycle",
    ),
    ("atif", _atif(source="user", reasoning_content="a"), "steps[0]: expected reasoning and calls"),
    (
        "atif",
        _atif(tool_calls=[{"tool_call_id": "c", "function_name": "f", "arguments": 1}]),
        "steps[0].tool_calls[0].arguments: expected an object",
    ),
    ("glaive", {"system": "", "chat": "Hello"}, "chat: expected text that begins with 'USER: '"),
    (
        "glaive",
        {"system": "", "chat": "USER: a\n\n\nASSISTANT: <functioncall> f()"},
        "chat.turn[1].call: expected JSON such as",
    ),
    (
        "xlam",
        {"query": "q", "answers": '[{"name": "f", "arguments": 1}]', "tools": "[]"},
        "answers[0].arguments: expected an object",
    ),
    (
        "xlam",
        {"query": "q", "answers": '[{"name": "f", "arguments": {}, "x": 1}]', "tools": "[]"},
        "answers[0].x: a call has no place",
    ),
    (
        "hermes",
        _hermes(("gpt", "<tool_call>{}")),
        "conversations[2].value: expected a </tool_call>",
    ),
    (
        "hermes",
        _hermes(("gpt", '<tool_call>{"name": "f", "arguments": {}}</tool_call> Done.')),
        "conversations[2].value: expected calls after the text",
    ),
    (
        "hermes",
        _hermes(("gpt", "<tool_call>f()</tool_call>")),
        "conversations[2].value.tool_call: expected JSON",
    ),
    (
        "hermes",
        _hermes(("tool", "<tool_response>1</tool_response> x <tool_response>2</tool_response>")),
        "conversations[2].value: expected only results",
    ),
    (
        "swift",
        {"query": "q", "response": "a", "history": [["x"]]},
        "history[0]: expected a list of two texts",
    ),
    (
        "swift",
        {"query": "q", "response": "a", "rejected_response": "a"},
        "rejected_response: expected",
    ),
    (
        "dolly",
        {"instruction": "", "response": "a"},
        "instruction: expected text, found empty text",
    ),
    (
        "sgd",
        {"dialogue_id": "1", "turns": [{"speaker": "BOT", "utterance": "a"}]},
        "turns[0].speaker: expected one of USER, SYSTEM",
    ),
    ("multiwoz", {"goal": {}, "log": [{"text": "a"}]}, "log[0]: expected the assistant to end"),
    (
        "bedrock",
        {"schemaVersion": "1", "messages": [{"role": "user", "content": [{"text": 1}]}]},
        "messages[0].content[0].text: expected text",
    ),
    ("prompt-only", {"prompt": ""}, "prompt: expected text, found empty text"),
    (
        "sharegpt-preference",
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "human", "value": "a"},
            "rejected": {"from": "gpt", "value": "b"},
        },
        "chosen: expected a reply of the assistant",
    ),
    (
        "sharegpt-preference",
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "a"},
            "rejected": {"from": "gpt", "value": "a"},
        },
        "rejected: expected two different replies",
    ),
]


@pytest.mark.parametrize(("schema", "row", "words"), ODD, ids=range(len(ODD)))
def test_what_is_odd_is_refused_with_its_place(
    schema: str, row: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError) as caught:
        read_row(row, schema=schema)
    assert str(caught.value).startswith(words)


def _read(row: dict[str, Any], **options: Any) -> list[Conversation]:
    items = read_row(row, options=Options(**options))
    assert all(isinstance(item, Conversation) for item in items)
    return [item for item in items if isinstance(item, Conversation)]


def _shape(conversation: Conversation) -> list[tuple[str, str, int]]:
    return [(m.role, m.content, len(m.tool_calls)) for m in conversation.messages]


def test_users_may_speak_between_results() -> None:
    row = _anthropic(TEXT, {**RESULT, "content": None}, TEXT, role="user", system=[])
    row["messages"].insert(1, {"role": "assistant", "content": [USE]})
    [found] = _read(row)
    assert _shape(found)[2:] == [("user", "a", 0), ("tool", "", 0), ("user", "a", 0)]
    [found] = _read(_gemini({"text": "a"}, FRESULT, {"text": "b"}, role="user"))
    assert _shape(found) == [("user", "a", 0), ("tool", "{}", 0), ("user", "b", 0)]
    [found] = _read(_anthropic(TEXT, role="system", tools=[{"name": "f", "input_schema": {}}]))
    assert _shape(found) == [("user", "q", 0), ("system", "a", 0)]


def test_items_of_one_answer_are_one_message() -> None:
    def items(*kinds: str) -> dict[str, Any]:
        said = {"role": "assistant", "content": "a"}
        call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
        thought = {"type": "reasoning", "summary": []}
        known = {
            "said": said,
            "call": call,
            "another": {**call, "call_id": "d"},
            "thought": thought,
        }
        return {"model": "m", "input": [known[kind] for kind in kinds]}

    for kinds, shape in (
        (("thought", "said", "call", "another"), [("assistant", "a", 2)]),
        (("said", "said"), [("assistant", "a", 0)] * 2),
        (("call", "said"), [("assistant", "", 1), ("assistant", "a", 0)]),
    ):
        [found] = _read(items(*kinds))
        assert _shape(found) == shape
    [found] = _read({"model": "m", "input": "q"})
    assert _shape(found) == [("user", "q", 0)]


def test_steps_of_vercel_are_messages() -> None:
    text = {"type": "text", "text": "a"}
    failed = _tool(state="output-error", errorText="no")
    thought = {"type": "reasoning", "text": "b"}
    old = {
        "type": "tool-invocation",
        "toolInvocation": {
            "toolCallId": "c",
            "toolName": "f",
            "state": "result",
            "args": {},
            "result": [1, None],
        },
    }
    for parts, shape in (
        ((text, _tool()), [("assistant", "a", 1)]),
        ((failed, text), [("assistant", "", 1), ("tool", "no", 0), ("assistant", "a", 0)]),
        ((text, thought, text), [("assistant", "a", 0), ("assistant", "a", 0)]),
        ((old,), [("assistant", "", 1), ("tool", "[1, null]", 0)]),
        (({**_tool(), "type": "dynamic-tool", "toolName": "f"},), [("assistant", "", 1)]),
    ):
        [found] = _read(_ui(*parts))
        assert _shape(found) == shape


def test_trees_of_exports() -> None:
    row = _chatgpt(
        a=_said(author={"role": "user", "name": "ann"}),
        b={**_said(), "parent": "a"},
        c={
            **_said(
                metadata={"is_visually_hidden_from_conversation": True},
                content={"content_type": "text", "parts": [""]},
            ),
            "parent": None,
        },
    )
    assert [item.metadata["path"] for item in _read(row)] == [["a", "b"]]
    [shown] = _read(row, paths="best")
    assert shown.metadata["path"] == ["a"]
    empty = _said(content={"content_type": "text", "parts": []})
    assert _shape(_read(_chatgpt(a=empty))[0]) == [("user", "", 0)]
    turns: list[dict[str, Any]] = [
        {"uuid": "1", "sender": "human", "text": "q", "parent_message_uuid": "0"},
        {"uuid": "2", "sender": "assistant", "text": "a", "parent_message_uuid": "1"},
        {"uuid": "3", "sender": "assistant", "text": "b", "parent_message_uuid": "1"},
    ]
    found = _read({"chat_messages": turns})
    assert [item.messages[1].content for item in found] == ["a", "b"]
    [shown] = _read({"chat_messages": turns}, paths="best")
    assert shown.messages[1].content == "b"


def test_more_of_langchain_and_logs() -> None:
    run = {"inputs": {"input": "q"}, "outputs": {"output": "a"}}
    assert _shape(_read(run)[0]) == [("user", "q", 0), ("assistant", "a", 0)]
    batch = {"inputs": {"messages": [[USER]]}, "outputs": {}}
    assert _shape(_read(batch)[0]) == [("user", "q", 0)]
    parts = {
        "messages": [{"type": "human", "data": {"content": ["a", {"type": "text", "text": "b"}]}}]
    }
    assert _shape(_read(parts)[0]) == [("user", "ab", 0)]
    assert _shape(_read(_ai(content=[]))[0]) == [("assistant", "", 0)]
    call = {
        "system": "",
        "chat": 'USER: a\n\n\nASSISTANT: <functioncall> {"name": "f", "arguments": {}}',
    }
    assert _shape(_read(call)[0])[1] == ("assistant", "", 1)
    empty = {"query": "q", "answers": "[]", "tools": "[]"}
    assert _shape(_read(empty)[0]) == [("user", "q", 0), ("assistant", "", 0)]
    several = "<tool_response>1</tool_response>\n<tool_response>2</tool_response>"
    found = _read(_hermes(("tool", several), ("gpt", "a")))[0]
    assert [m.content for m in found.messages if m.role == "tool"] == ["1", "2"]
    context = {"question": "q", "answer": "a", "context": "c"}
    assert _shape(_read(context)[0])[0] == ("user", "c\n\nq", 0)
    inner = {"custom_id": "1", "body": {"model": "m", "input": "q"}}
    assert _shape(_read(inner)[0]) == [("user", "q", 0)]


def _responses(*items: dict[str, Any]) -> dict[str, Any]:
    return {"model": "m", "input": list(items)}


_OF_RESPONSES = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
_RETURNED = {"type": "function_call_output", "call_id": "d", "output": "x"}


def test_a_result_may_answer_a_call_of_the_response_before() -> None:
    [found] = _read({**_responses(_RETURNED), "previous_response_id": "r"})
    assert found.messages[0].call_id == "d"
    assert found.metadata["previous_response_id"] == "r"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            _anthropic(RESULT, role="user"),
            r"expected the id of an earlier call \(none\), found 'c'",
        ),
        (_responses(_RETURNED), r"expected the id of an earlier call \(none\), found 'd'"),
        (
            _responses(_OF_RESPONSES, _RETURNED),
            r"expected the id of an earlier call \('c'\), found 'd'",
        ),
        (_responses(_OF_RESPONSES, _OF_RESPONSES), "expected a different id for each call"),
        (_anthropic(USE, USE), "expected a different id for each call"),
    ],
)
def test_a_result_that_answers_no_call_is_refused(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        _read(row)
