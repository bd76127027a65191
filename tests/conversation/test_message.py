"""Messages and calls: what is accepted, what is refused and how, and reading dumps again."""

# ruff: noqa: E501 - a case a line

from __future__ import annotations

import pickle
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from chatfmt.conversation import Conversation, Message, ToolCall
from chatfmt.conversation.wording import Fault, objections
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x":  1}'}}


class Scored(Message):
    score: int = 0


class Same(Message):
    pass


class Held:
    def model_dump(self) -> dict[str, str]:
        return {"role": "user"}


def refusal(value: Any) -> str:
    """The words of the refusal, which are the same wherever a message is made."""
    makers: list[Callable[[], object]] = [
        lambda: Message.model_validate(value),
        lambda: Message(**value) if isinstance(value, dict) else Message.model_validate(value),
        lambda: Conversation(messages=(value,)),
        lambda: Conversation.model_validate({"messages": [value]}),
    ]
    found = set()
    for inside, make in enumerate(makers):
        with pytest.raises(ValidationError) as caught:
            make()
        text = str(caught.value)
        assert "pydantic.dev" not in text
        assert "input_value" not in text
        ((path, reason),) = objections(caught.value)
        assert reason in text
        found.add(str(Fault(reason, path[2 * (inside > 1) :])))
    (words,) = found
    return words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": b"user"}, "role: expected text, found the bytes b'user'"),
        ({"role": "user", "content": 3}, "content: expected text, found the number 3"),
        ({"role": "user", "content": True}, "content: expected text, found true"),
        ({"role": "user", "weight": "0.5"}, "weight: expected a number, found the text '0.5'"),
        ({"role": "user", "weight": True}, "weight: expected a number, found true"),
        ({"role": "user", "weight": -1}, "weight: expected a number of at least 0, found the number"),
        ({"role": "user", "weight": float("inf")}, "weight: expected a finite number, found the"),
        ({"role": "user", "name": b"a"}, "name: expected text, found the bytes b'a'"),
        ({"content": "a"}, "role: the field is missing"),
        ({"role": "user", "contnt": "a"}, "contnt: there is no such field; did you mean 'content'?"),
        ({"role": "user", "mood": "a"}, "mood: there is no such field"),
        ({"role": "user", "x" * 9999: "a"}, "x" * 80 + "…: there is no such field"),
        ({"role": "user", "a\nb": "a"}, r"a\nb: there is no such field"),
        ({"role": "user", "content": "a\ud800"}, "content: expected text, found the lone surrogate U+D800 at offset 1; "),
        ({"role": "user", "content": b"x" * 9999}, f"content: expected text, found the bytes {b'x' * 100!r}… (9,999 bytes)"),
        ({"role": "user", "content": {"a\n" * 50: 1, "b" * 50: 2}}, r"content: expected text, found an object with 'a\na\n"),
        ({"role": "user", "tools": [{"name": "f"}]}, "tools: expected text, found a list of 1"),
        ({"role": "user", "images": ["a.png"]}, "images: expected only text, found images"),
        ({"role": "user", "audio": {"id": "a"}}, "audio: expected only text, found audio"),
        ({"role": "user", "annotations": [{"url": "x"}]}, "annotations: there is no such field"),
        ({"role": "user", "content": []}, "content: expected a list with at least one element, found a list of 0"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "content.0: expected a part of type 'text', found 'image_url': only text is carried"),
        ({"role": "user", "content": [{"text": "a"}]}, "content.0: expected a part of type 'text', found nothing"),
        ({"role": "user", "content": [{"type": "text", "text": 3}]}, "content.0.text: expected text, found the number 3"),
        ({"role": "user", "content": [{"type": "text", "text": "a", "txt": "b"}]}, "content.0.txt: there is no such field; did you mean 'text'?"),
        ({"role": "user", "content": ["a"]}, "content.0: expected an object, found the text 'a'"),
        ({"role": "a", "tool_calls": "f()"}, "tool_calls: expected a list of calls, found the text 'f()'"),
        ({"role": "a", "tool_calls": [3]}, "tool_calls.0: expected an object, found the number 3"),
        ({"role": "a", "tool_calls": [{"id": "c"}]}, "tool_calls.0.function: expected an object, found nothing"),
        ({"role": "a", "tool_calls": [{**CALL, "type": "custom"}]}, "tool_calls.0.type: expected one of function, found the text 'custom'"),
        ({"role": "a", "tool_calls": [{**CALL, "index": 0}]}, "tool_calls.0.index: there is no such field"),
        ({"role": "a", "tool_calls": [{"name": "f", "argument": "{}"}]}, "tool_calls.0.argument: there is no such field; did you mean 'arguments'?"),
        ({"role": "a", "tool_calls": [{"function": {"name": "f"}}]}, "tool_calls.0.arguments: the field is missing"),
        ({"role": "a", "tool_calls": [{"name": "f", "arguments": [1]}]}, "tool_calls.0.arguments: expected text, found a list of 1"),
        ({"role": "a", "tool_calls": [{"name": "f", "arguments": {"x": "\udc00"}}]}, "tool_calls.0.arguments: expected text, found the lone surrogate U+DC00 at offset 7"),
        ({"role": "a", "tool_calls": [{"name": "f", "arguments": {1: 2}}]}, "tool_calls.0.arguments: expected text as the key of each member, found the number 1"),
        ({"role": "a", "tool_calls": [{"function": {"name": "f", "arguments": {"x": {1}}}}]}, "tool_calls.0.function.arguments: expected a JSON value, found Object of type set"),
        ({"role": "a", "function_call": {"name": "f", "arguments": {"x": float("nan")}}}, "function_call.arguments: expected a JSON value, found Out of range float"),
        ({"role": "a", "function_call": {"name": "f", "arguments": "{}"}, "tool_calls": [CALL]}, "tool_calls: expected function_call or tool_calls, found both"),
        ({"role": "a", "reasoning": "b", "reasoning_content": ""}, "reasoning_content: expected reasoning or reasoning_content, found both"),
        (3, "expected an object, found the number 3"),
        (Held(), "expected an object, found a Held; its model_dump() is one"),
        (Scored(role="user", score=1), "expected a Message, found a Scored, whose further fields no format would carry: score"),
    ],
)  # fmt: skip
def test_what_is_refused(fields: Any, words: str) -> None:
    found = refusal(fields)
    assert found.startswith(words)
    assert len(found) < 300


def test_arguments_nested_too_deep() -> None:
    nested: dict[str, Any] = {}
    for _ in range(100_000):
        nested = {"a": nested}
    with pytest.raises(ValidationError, match="too many levels of nesting"):
        ToolCall(name="f", arguments=nested)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "fields"),
    [
        ({"role": "assistant", "content": None}, {}),
        ({"role": "assistant"}, {}),
        ({"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "", "image_url": None}]}, {"content": "a"}),
        ({"role": "assistant", "content": ({"type": "text", "text": "a"},)}, {"content": "a"}),
        ({"role": "assistant", "content": None, "tool_calls": [CALL]}, {"tool_calls": [ToolCall(name="f", arguments='{"x":  1}', id="c1")]}),
        ({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"é": 1, "y": None}}, "id": None}]}, {"tool_calls": [ToolCall(name="f", arguments='{"é": 1}')]}),
        ({"role": "assistant", "tool_calls": [{"name": "f", "arguments": {}, "type": "function"}]}, {"tool_calls": [ToolCall(name="f", arguments="{}")]}),
        ({"role": "assistant", "tool_calls": [ToolCall(name="f", arguments="")], "thinking": "b"}, {"tool_calls": [ToolCall(name="f", arguments="")], "reasoning": "b"}),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": "{"}, "tool_calls": []}, {"tool_calls": [ToolCall(name="f", arguments="{")]}),
        ({"role": "assistant", "tool_calls": None, "function_call": None, "audio": None, "refusal": None, "annotations": []}, {}),
        ({"role": "assistant", "reasoning": "b", "reasoning_content": "b"}, {"reasoning": "b"}),
        ({"role": "assistant", "reasoning_content": ""}, {"reasoning": ""}),
        ({"role": "assistant", "tool_call_id": "c1", "weight": 1}, {"call_id": "c1", "weight": 1.0}),
    ],
)  # fmt: skip
def test_what_people_hold(held: dict[str, Any], fields: dict[str, Any]) -> None:
    expected = Message(role="assistant", **fields)
    assert Message.model_validate(held) == expected
    assert Message(**held) == expected
    assert Message.model_validate(MappingProxyType(held)) == expected
    assert Conversation(messages=(held,)).messages == (expected,)  # type: ignore[arg-type]
    assert Conversation.model_validate(MappingProxyType({"messages": (MappingProxyType(held),)}))


def test_words_of_subclasses_of_text_are_text() -> None:
    class Role(StrEnum):
        USER = "user"

    message = Message(role=Role.USER)
    assert message == Message(role="user")


def test_a_subclass_is_made_of_its_own_fields() -> None:
    assert Scored(role="user", content=None, score=1).score == 1  # type: ignore[arg-type]
    assert Scored.model_validate({"role": "user", "content": None, "score": 1}).score == 1
    with pytest.raises(ValidationError, match="expected a whole number, found the text 'x'"):
        Scored(role="user", score="x")  # type: ignore[arg-type]
    # Without fields of its own nothing would be lost.
    assert Conversation(messages=(Same(role="user"),)).messages == (Message(role="user"),)


def test_what_is_empty_is_neither_shown_nor_dumped() -> None:
    bare = Message(role="user")
    assert repr(bare) == "Message(role='user', content='')"
    assert not {"tool_calls", "tools"} & bare.model_dump().keys()
    call = ToolCall(name="f", arguments="{}")
    assert repr(call) == "ToolCall(name='f', arguments='{}')"
    full = Message(role="user", tool_calls=(call,), tools="[]")
    assert full.model_dump()["tool_calls"] == ({"name": "f", "arguments": "{}", "id": None},)
    assert full.model_dump()["tools"] == "[]"
    for message in (bare, full):
        assert Message.model_validate(message.model_dump()) == message
        assert Message.model_validate_json(message.model_dump_json()) == message
        assert pickle.loads(pickle.dumps(message)) == message
        assert hash(message) == hash(message.model_copy())


def test_annotations_leave_the_wire_and_calls_stay() -> None:
    call = ToolCall(name="f", arguments="{}", id="c1")
    message = Message(role="a", tool_calls=(call,), tools="[]", weight=0.5, call_id="c")
    assert message.on_wire() == Message(role="a", tool_calls=(call,), tools="[]")
    assert message.on_wire().on_wire() is not message


def test_a_pickle_of_a_version_without_calls() -> None:
    message = Message(role="user", content="a")
    old = {name: value for name, value in message.__dict__.items() if not name.startswith("tool")}
    again = Message.__new__(Message)
    again.__setstate__({**message.__getstate__(), "__dict__": old})
    assert again == message
    assert (again.tool_calls, again.tools) == ((), None)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("", "expected JSON, found nothing"),
        ("[1]", "expected a JSON object, found a list of 1"),
        ('"x"', "expected a JSON object, found the text 'x'"),
        ('{"x": 1', "expected JSON, found at character 8 of the line: Expecting ',' delimiter"),
        ('{"x": 1, "x": 2}', "expected each key once in an object, found 'x' twice"),
        ('{"x": NaN}', "expected JSON, found the constant NaN"),
    ],
)
def test_arguments_that_are_no_object(arguments: str, reason: str) -> None:
    call = ToolCall(name="f", arguments=arguments)
    assert call.arguments == arguments
    with pytest.raises(DataError) as caught:
        _ = call.parsed
    assert str(caught.value) == f"arguments: {reason}"


def test_calls_are_read_by_themselves() -> None:
    assert ToolCall.model_validate(CALL) == ToolCall(name="f", arguments='{"x":  1}', id="c1")
    assert ToolCall.model_validate(CALL).parsed == {"x": 1}
    call = ToolCall(name="f", arguments="{}")
    assert ToolCall.model_validate(call) is call
    with pytest.raises(ValidationError, match="expected an object, found the number 3"):
        ToolCall.model_validate(3)
    with pytest.raises(ValidationError) as caught:
        ToolCall(name=3, arguments=4)  # type: ignore[arg-type]
    assert str(caught.value).count("expected text, found the number") == 2


def test_messages_and_calls_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Message(role="user").role = "system"
    with pytest.raises(ValidationError, match="frozen"):
        ToolCall(name="f", arguments="").name = "g"
