"""How the options change a conversation of any schema: reasoning, ids, roles, tools."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt.adapters import Options, Preference, read_row, write_row
from chatfmt.adapters.thinking import find_inline
from chatfmt.conversation import Conversation, Message
from chatfmt.errors import DataError

STRATOS = (
    "<|begin_of_thought|>\n\na\n\n<|end_of_thought|>\n\n"
    "<|begin_of_solution|>\n\nb\n\n<|end_of_solution|>"
)
TOOL = {"type": "function", "function": {"name": "f"}}


def read(row: dict[str, Any], **options: Any) -> Conversation:
    [item] = read_row(row, options=Options(**options))
    assert isinstance(item, Conversation)
    return item


def answer(text: str, **more: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": text, **more}
    return {"messages": [{"role": "user", "content": "<think>mine</think>"}, said]}


# ---- thinking in the text


@pytest.mark.parametrize(
    ("text", "reasoning", "content"),
    [
        ("<think>a</think>b", "a", "b"),
        ("<think>\na\n\nc\n</think>\n\nb\n", "a\n\nc", "b\n"),
        ("\n <think></think>b", "", "b"),
        ("a\n</think>\n\nb", "a", "b"),
        ("<think>a</think>b</think>c", "a", "b</think>c"),
        ("<thinking>a</thinking>b", "a", "b"),
        ("<thought>a</thought>b", "a", "b"),
        ("[THINK]a[/THINK]b", "a", "b"),
        (
            STRATOS,
            "a",
            "b",
        ),
        ("<|begin_of_thought|>a<|end_of_thought|>b", "a", "b"),
    ],
)
def test_thinking_is_put_into_its_field(text: str, reasoning: str, content: str) -> None:
    said = read(answer(text), inline_thinking="read").messages[1]
    assert (said.reasoning, said.content) == (reasoning, content)
    assert read(answer(text)).messages[1].content == text
    assert read(answer(text), inline_thinking="keep").messages[1].content == text
    with pytest.raises(
        DataError,
        match="message 1: expected reasoning in the field of the format, found it in the text",
    ):
        read(answer(text), inline_thinking="refuse")


@pytest.mark.parametrize("text", ["a", "", "say <think> and </think>", "a <think>", "thinking"])
def test_what_is_no_thinking_stays(text: str) -> None:
    assert find_inline(text) is None
    assert read(answer(text), inline_thinking="refuse").messages[1].content == text


def test_odd_thinking_is_refused() -> None:
    with pytest.raises(DataError, match="expected the end of the reasoning, found only <think>"):
        read(answer("<think>a"), inline_thinking="read")
    with pytest.raises(DataError, match="expected reasoning once"):
        read(answer("<think>a</think>b", reasoning="c"), inline_thinking="read")


def test_thinking_of_a_pair() -> None:
    user = {"role": "user", "content": "q"}
    earlier = {"role": "assistant", "content": "<think>0</think>z"}
    row = {
        "prompt": [user, earlier, user],
        "chosen": [{"role": "assistant", "content": "<think>1</think>a"}],
        "rejected": [{"role": "assistant", "content": "b"}],
    }
    [pair] = read_row(row, options=Options(inline_thinking="read", system="S"))
    assert isinstance(pair, Preference)
    assert [message.reasoning for message in pair.prompt.messages] == [None, None, "0", None]
    assert pair.chosen == (Message(role="assistant", content="a", reasoning="1"),)
    assert pair.rejected == (Message(role="assistant", content="b"),)


# ---- ids of calls


def _called(*calls: tuple[str, str | None]) -> dict[str, Any]:
    made = [
        {
            "type": "function",
            "function": {"name": name, "arguments": "{}"},
            **({} if identifier is None else {"id": identifier}),
        }
        for name, identifier in calls
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def _answered(name: str | None = None, identifier: str | None = None) -> dict[str, Any]:
    return {
        "role": "tool",
        "content": "1",
        **({} if name is None else {"name": name}),
        **({} if identifier is None else {"tool_call_id": identifier}),
    }


def _ids(*messages: dict[str, Any]) -> tuple[list[str | None], list[str | None]]:
    found = read({"messages": list(messages)}, call_ids="make").messages
    # What is made is in order for the strictest reader.
    again = read(write_row(Conversation(messages=found)), call_ids="require")
    assert again.messages == found
    calls = [call.id for message in found for call in message.tool_calls]
    return calls, [message.call_id for message in found if message.role == "tool"]


def test_ids_are_made_where_there_are_none() -> None:
    assert _ids(_called(("f", None), ("g", None)), _answered(), _answered()) == (
        ["call_0", "call_1"],
        ["call_0", "call_1"],
    )
    assert _ids(_called(("f", None), ("g", None)), _answered("g"), _answered("f")) == (
        ["call_0", "call_1"],
        ["call_1", "call_0"],
    )
    # Those that are there stay, and are given to no other call.
    mixed = [_called(("f", "call_0"), ("g", None)), _answered(None, "call_0"), _answered()]
    assert _ids(*mixed) == (["call_0", "call_1"], ["call_0", "call_1"])
    twice = [_called(("f", "x")), _answered(None, "x"), _answered(None, "x")]
    assert _ids(*twice) == (["x"], ["x", "x"])


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (_answered("h"), "message 1: expected a result for each call of 'h', found one more than"),
        (_answered(), None),
    ],
)
def test_a_result_of_no_call_is_refused(result: dict[str, Any], words: str | None) -> None:
    if words is None:
        words = "message 2: expected a result for each call, found one more than there are calls"
        messages = [_called(("f", None)), result, result]
    else:
        messages = [_called(("f", None)), result]
    with pytest.raises(DataError, match=words):
        read({"messages": messages}, call_ids="make")


def test_ids_for_a_log_that_has_none() -> None:
    turns = [
        {"from": "human", "value": "q"},
        {"from": "function_call", "value": '{"name": "f", "arguments": {}}'},
        {"from": "observation", "value": "1"},
        {"from": "gpt", "value": "a"},
    ]
    found = read({"conversations": turns}, call_ids="make")
    assert found.messages[2].call_id == found.messages[1].tool_calls[0].id == "call_0"


# ---- roles and tools


def test_roles_are_called_as_the_format_has_them() -> None:
    messages = [_called(("f", None)), _answered()]
    found = read({"messages": messages}, roles={"tool": "ipython"})
    assert [message.role for message in found.messages] == ["assistant", "ipython"]


def test_speakers_of_messages() -> None:
    row = {"messages": [{"role": "bot", "content": "a"}]}
    assert read(row, speakers={"bot": "assistant"}).messages[0].role == "assistant"
    with pytest.raises(DataError, match=r"expected one of system, .*, man, found the text 'bot'"):
        read(row, speakers={"man": "user"})
    with pytest.raises(DataError, match=r"expected one of system, .* found a list of 1"):
        read({"messages": [{"role": ["user"], "content": "a"}]})


def test_tools_are_used_left_out_or_refused() -> None:
    row = {**answer("a"), "tools": [TOOL]}
    assert read(row).tools == read(row, tools="use").tools == (TOOL,)
    assert read(row, tools="drop").tools == ()
    with pytest.raises(DataError, match="tools: expected definitions that are written"):
        read(row, tools="refuse")
    pair = {"prompt": "q", "chosen": "a", "rejected": "b", "tools": [TOOL]}
    with pytest.raises(DataError, match="tools: expected definitions that are written"):
        read_row(pair, options=Options(tools="refuse"))


def test_options_for_a_format_lose_nothing() -> None:
    plain = Options()
    assert plain.suited(thinks=False, uses_tools=True) == plain
    suited = plain.suited(thinks=True, uses_tools=False)
    assert (suited.inline_thinking, suited.tools) == ("refuse", "refuse")
    said = Options(inline_thinking="read", tools="drop")
    assert said.suited(thinks=True, uses_tools=False) == said
    with pytest.raises(DataError, match="expected a preparation that writes the tools"):
        Options(tools="use").suited(thinks=True, uses_tools=False)
