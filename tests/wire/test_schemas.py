"""The types of arguments, and how readers use them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from chatfmt import ChatFormat, Conversation, Message, RenderError, ToolCall
from chatfmt.wire.schemas import types_of
from letters import bytewise
from rows import ids_in, spelled

TOKENS = ["<s>", "<e>", "<call>", "</call>", "<key>", "<value>", "</value>"]
ARGUMENTS = "[<key>{arg.key}<value>{arg.value:loose}</value>]*"
LINE = f"<s>ai{{^}}{{content}}[<call>{{call.name}}{ARGUMENTS}</call>]*<e>"
TOK = bytewise(
    ChatFormat(
        name="loose",
        template={"user": "<s>user{content}<e>", "assistant": ["<s>ai{^}{content}<e>", LINE]},
        special_tokens=TOKENS,
    )
)


def tool(**properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": "string"}, {"string"}),
        ({"type": ["string", "null"]}, {"string", "null"}),
        ({"enum": ["a", 1]}, {"string", "integer"}),
        ({"const": 1.5}, {"number"}),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"string", "integer"}),
        ({"anyOf": [{"type": "string"}, {}]}, set()),
        ({"oneOf": [{"type": "null"}, {"const": True}]}, {"null", "boolean"}),
        ({"anyOf": "x"}, set()),
        ({"type": ["string", 3]}, {"string"}),
        ({"$ref": "#/x"}, set()),
        (True, set()),
    ],
)
def test_types(schema: Any, types: set[str]) -> None:
    assert types_of([tool(x=schema)]) == {"f": {"x": types}}


@pytest.mark.parametrize(
    "definition",
    [{}, {"function": 3}, {"type": "function", "function": {"name": "f", "parameters": None}}],
)
def test_definitions_that_say_nothing(definition: dict[str, Any]) -> None:
    assert types_of([definition]) == {}


SAID = "<s>ai<call>f<key>zip<value>75001</value><key>n<value>2</value></call><e>"
TOOLS = [tool(zip={"type": "string"}, n={"type": "integer"})]
WITH, WITHOUT = '{"zip": "75001", "n": 2}', '{"zip": 75001, "n": 2}'


def test_readers_tell_a_string_from_what_it_spells() -> None:
    ids = ids_in(TOK, SAID)
    for tools, arguments in ((TOOLS, WITH), ([], WITHOUT)):
        expected = [
            Message(
                role="assistant", content="", tool_calls=(ToolCall(name="f", arguments=arguments),)
            )
        ]
        assert [*TOK.decode(ids, tools=tools).messages] == expected
        transcript = TOK.parse(ids, tools=tools)
        assert [*transcript.conversation.messages] == expected
        assert TOK.transcript_from_dict(transcript.to_dict()).conversation.messages == tuple(
            expected
        )
        stream = TOK.stream(tools=tools)
        for token in ids[3:]:
            stream.feed(token)
        assert stream.messages == expected


def test_a_transcript_reads_completions_by_the_tools_of_its_conversation() -> None:
    chat = TOK.render({"messages": [{"role": "user", "content": "hi"}], "tools": TOOLS})
    completion = chat.copy().append_completion(ids_in(TOK, SAID)[3:])
    assert completion.messages[0].tool_calls[0].arguments == WITH
    stream = chat.stream()
    stream.feed_all(ids_in(TOK, SAID)[3:])
    assert stream.messages[0].tool_calls[0].arguments == WITH


def test_writers_take_the_types_that_readers_are_given() -> None:
    call = ToolCall(name="f", arguments=WITH)
    reply = Message(role="assistant", content="", tool_calls=(call,))
    chat = Conversation(messages=(Message(role="user", content="hi"), reply), tools=tuple(TOOLS))
    ids = TOK.encode(chat)
    assert spelled(TOK, ids).endswith(SAID)
    assert TOK.decode(ids, tools=TOOLS) == TOK.format.on_wire(chat)
    transcript = TOK.render(chat)
    assert transcript.ids == TOK.encode_for_training(chat).input_ids == ids
    assert TOK.parse(ids, tools=TOOLS).spans == transcript.spans
    bare = Conversation(messages=chat.messages)
    assert [*TOK.encode_batch([chat]).ids] == ids
    assert sum(TOK.count_messages(chat)) == TOK.count(chat) == len(ids)
    assert pickle.loads(pickle.dumps(transcript)).ids == ids
    assert TOK.transcript_from_dict(transcript.to_dict()).ids == ids
    more = transcript.copy()
    more.append(reply)
    assert more.ids == ids + ids_in(TOK, SAID)
    with pytest.raises(RenderError, match="a parameter whose type is string alone"):
        TOK.encode(bare)
    with pytest.raises(RenderError, match="a parameter whose type"):
        TOK.encode_batch([chat, bare])


def test_a_value_of_another_type_than_the_tool_says_is_refused_where_it_would_be_read_so() -> None:
    call = ToolCall(name="f", arguments='{"zip": 75001}')
    reply = Message(role="assistant", content="", tool_calls=(call,))
    with pytest.raises(RenderError, match="would be read as"):
        TOK.encode(Conversation(messages=(reply,), tools=tuple(TOOLS)))
