"""Arguments written one by one: in both directions, as streams, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import ChatFormat, Conversation, Message, ParseError, RenderError, ToolCall, get_format
from chatfmt.line.coders import CODERS
from chatfmt.line.jsontext import CodeError
from chatfmt.wire.events import ArgumentsDelta, ToolCallAbandoned, ToolCallEnd
from chatfmt.wire.read.arguments import Arguments
from letters import bytewise
from rows import ids_in

if TYPE_CHECKING:
    from chatfmt import ChatTokenizer

TOKENS = ["<s>", "<m>", "<e>", "<call>", "</call>", "<key>", "</key>", "<value>", "</value>"]
USER = "<s>user<m>{content}<e>"
LAYOUTS: dict[str, dict[str, Any]] = {
    "tokens": {
        "template": "<s>ai<m>{^}{content}[<call>{call.name}"
        "[<key>{arg.key}</key><value>{arg.value:loose}</value>]*</call>]*<e>",
    },
    "tags": {
        "template": "<s>ai<m>{^}{content}[<call>\n<function={call.name}>\n"
        "[<parameter={arg.key}>\n{arg.value:loose_python}\n</parameter>\n]*</function>\n</call>]*"
        "<e>",
        "fences": ["\n</parameter>\n"],
    },
    "flags": {
        "template": "<s>ai<m>{^}{content}[<call>{call.name}"
        '[<key>{arg.key}" string="{arg.string}"<value>{arg.value:loose}</value>]*</call>]*<e>',
    },
    "python": {
        "template": "<s>ai<m>{^}{content}"
        "<call>[\n|{call.name}([, |{arg.key}={arg.value:python}]*)]*</call><e>",
    },
    "json": {
        "template": "<s>ai<m>{^}{content}[<call>{call.name}"
        "[<key>{arg.key}<value>{arg.value}</value>]*</call>]*<e>",
    },
}


def tokenizer(name: str) -> ChatTokenizer:
    """That layout over single bytes; calls, or else an answer."""
    row = LAYOUTS[name]
    lines = ["<s>ai<m>{^}{content}<e>", row["template"]]
    spelled = [token for token in TOKENS if token in row["template"]]
    return bytewise(
        ChatFormat(
            name=name,
            template={"user": USER, "assistant": lines},
            special_tokens=spelled,
            fences=row.get("fences", ()),
        )
    )


def chat(*arguments: str) -> Conversation:
    calls = tuple(ToolCall(name="f", arguments=text) for text in arguments)
    return Conversation(messages=(Message(role="assistant", content="", tool_calls=calls),))


SAFE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | SAFE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SAFE, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.from_regex("[a-zA-Z_][a-z0-9_]{0,3}", fullmatch=True)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)


@pytest.mark.parametrize("name", LAYOUTS)
@settings(deadline=None, max_examples=100)
@given(values=st.lists(OBJECTS, min_size=1, max_size=2))
def test_what_is_written_is_read_back_and_streamed(name: str, values: list[dict[str, Any]]) -> None:
    tok = tokenizer(name)
    given_chat = chat(*(json.dumps(value, ensure_ascii=False) for value in values))
    try:
        ids = tok.encode(given_chat)
    except RenderError as refused:
        # another value would be read
        assert "would be read as" in str(refused)  # noqa: PT017 - some are refused, and must say so
        return
    assert tok.decode(ids) == given_chat
    parser = tok.stream(role=None)
    events = [event for token in ids for event in parser.feed(token)]
    for number, call in enumerate(given_chat.messages[0].tool_calls):
        pieces = [e.text for e in events if isinstance(e, ArgumentsDelta) and e.call == number]
        assert "".join(pieces) == call.arguments
    assert parser.messages == [*given_chat.messages]
    assert not parser.issues


ARGUMENTS = (
    "{}",
    '{"a": 1, "b": "two", "c": [1, {"d": null}], "e": true, "f": -1.5e3}',
    '{"a": "", "b": "Tru", "c": "Trusty", "d": "nul", "e": "1 and 2", "f": "say \\"hi\\"\\n"}',
)


@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_written_is_read_back(name: str, arguments: str) -> None:
    tok = tokenizer(name)
    written = chat(arguments, arguments)
    ids = tok.encode(written)
    assert tok.decode(ids) == written
    parser = tok.stream(role=None)
    said = {0: "", 1: ""}
    for token in ids:
        for event in parser.feed(token):
            if isinstance(event, ArgumentsDelta):
                said[event.call] += event.text
        assert parser.open_content is None or parser.open_content.role == "assistant"
    assert said == {0: arguments, 1: arguments}


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("tokens", '{"a": "2"}', "call 0: argument 'a', offset 0: expected a value that can be"),
        ("tokens", '{"a": "null"}', "would be read as 'null'"),
        ("tokens", '{"a":1}', "offset 5: expected ' 1}', found '1}'"),
        ("tokens", '{"a": 1, "a": 2}', "expected every key once, found 'a' again"),
        ("tokens", '{"a b": 1}', "expected the key of an argument to match"),
        ("tags", '{"a": "True"}', "would be read as 'true'"),
        (
            "tags",
            '{"a": "x\\n</parameter>\\n<parameter=b>\\ny"}',
            "this would be read as structure",
        ),
        ("tokens", "[1]", "expected a JSON object"),
    ],
)
def test_what_could_not_be_read_back_is_refused(name: str, arguments: str, said: str) -> None:
    with pytest.raises(RenderError) as refused:
        tokenizer(name).encode(chat(arguments))
    assert said in str(refused.value)
    assert refused.value.field in ("tool_calls", "arg.value")


@pytest.mark.parametrize(
    ("name", "arguments", "pieces"),
    [
        ("tokens", '{"a": "it", "b": 12}', ['{"a": ', '"i', "t", '"', ', "b": ', "12", "}"]),
        ("tokens", '{"a": "1 o"}', ['{"a": ', '"1 ', "o", '"', "}"]),
        ("tokens", '{"a": ""}', ['{"a": ', '""', "}"]),
        ("tokens", '{"a": [1]}', ['{"a": ', "[1]", "}"]),
        ("tokens", "{}", ["{}"]),
        ("json", '{"a": [1]}', ['{"a": ', "[", "1", "]", "}"]),
        ("flags", '{"a": [1]}', ['{"a": ', "[", "1", "]", "}"]),
        ("flags", '{"a": "1"}', ['{"a": ', '"1', '"', "}"]),
        ("python", '{"a": "é\'"}', ['{"a": ', '"', "é", "'", '"', "}"]),
        ("python", '{"a": [true]}', ['{"a": ', "[", "true", "]", "}"]),
    ],
)
def test_json_is_given_out_as_soon_as_it_is_certain(
    name: str, arguments: str, pieces: list[str]
) -> None:
    tok = tokenizer(name)
    parser = tok.stream(role=None)
    ids = tok.encode(chat(arguments))
    assert [e.text for i in ids for e in parser.feed(i) if isinstance(e, ArgumentsDelta)] == pieces


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("(1, (2, ), 'a')", '[1, [2], "a"]'),
        ("('\\x41\\\\', None)", '["A\\\\", null]'),
        ('"it\'s\\t\\U0001F600"', '"it\'s\\t😀"'),
        ("{'a': False, \"b\": [-0.5e3]}", '{"a": false, "b": [-0.5e3]}'),
    ],
)
def test_python_is_translated_as_it_comes(value: str, read: str) -> None:
    whole = Arguments(CODERS["python"], {})
    whole.add_key("k")
    pieces = [whole.add_value(value)]
    by_character = Arguments(CODERS["python"], {})
    by_character.add_key("k")
    for character in value:
        pieces.append(by_character.add_value(character))
        assert f'{{"k": {read}'.startswith("".join(pieces[1:]))
    assert pieces[0] == "".join(pieces[1:]) == f'{{"k": {read}'
    assert whole.end() == by_character.end() == "}"


def test_half_of_a_pair_in_python_is_an_error_and_no_more_is_given_out() -> None:
    arguments = Arguments(CODERS["python"], {})
    arguments.add_key("k")
    said = "".join(arguments.add_value(text) for text in ("'a", "\\ud83d", "b'"))
    assert said == '{"k": "a'
    with pytest.raises(CodeError, match="half of a surrogate pair"):
        arguments.end()


def test_types_tell_a_string_from_what_it_spells() -> None:
    by_name = {"zip": {"string"}, "n": {"integer"}, "any": {"string", "integer"}}
    arguments = Arguments(CODERS["loose"], by_name)
    said = ""
    for key, value in (("zip", "75001"), ("n", "75001"), ("any", "75001")):
        said += arguments.end_argument()
        arguments.add_key(key)
        said += arguments.add_value(value[:2]) + arguments.add_value(value[2:])
    said += arguments.end()
    assert arguments.text == said == '{"zip": "75001", "n": 75001, "any": 75001}'


@pytest.mark.parametrize(
    ("name", "text", "lost"),
    [
        ("tokens", "<call>f<key>a</key><value>1", "<call>f<key>a</key><value>1"),
        (
            "tokens",
            "<call>f<key>a</key><value>1</value><key>a</key><value>2</value></call><e>",
            "<call>f<key>a</key><value>1</value><key>a</key><value>2</value>",
        ),
        (
            "tags",
            "<call>\n<function=f>\n<parameter=a>\nx",
            "<call>\n<function=f>\n<parameter=a>\nx",
        ),
    ],
)
def test_a_call_that_turns_out_malformed_comes_out_as_text(name: str, text: str, lost: str) -> None:
    tok = tokenizer(name)
    parser = tok.stream()
    ids = ids_in(tok, text)
    events = [event for token in ids for event in parser.feed(token)] + parser.close()
    [abandoned] = [event for event in events if isinstance(event, ToolCallAbandoned)]
    assert abandoned.text == lost
    assert not [event for event in events if isinstance(event, ToolCallEnd)]
    assert parser.messages[-1].tool_calls == ()
    assert parser.issues


def _flagged(*arguments: tuple[str, str]) -> str:
    each = (
        f'<key>a{n}" string="{flag}"<value>{v}</value>' for n, (flag, v) in enumerate(arguments)
    )
    return f"<call>f{''.join(each)}</call><e>"


@pytest.mark.parametrize("value", ["2", "null", "True", "", '"', '{"a": 1}', "[1", " 1"])
def test_what_says_that_it_is_a_string_is_one(value: str) -> None:
    """Whatever the text spells, and whatever the tool says."""
    tok = tokenizer("flags")
    written = chat(json.dumps({"a0": value, "a1": 2}, ensure_ascii=False))
    ids = tok.encode(written)
    assert ids == ids_in(tok, "<s>ai<m>" + _flagged(("true", value), ("false", "2")))
    assert tok.decode(ids) == written
    types = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    types["function"]["parameters"]["properties"] = {"a0": {"type": "integer"}}  # type: ignore[index]
    assert tok.parse(ids, tools=[types]).conversation == written


@pytest.mark.parametrize("value", ["two", "", '"2"', "True", "[1", "1 2"])
def test_what_says_that_it_is_no_string_is_none(value: str) -> None:
    tok = tokenizer("flags")
    parser = tok.stream()
    ids = ids_in(tok, _flagged(("false", "1"), ("false", value)))
    events = [event for token in ids for event in parser.feed(token)]
    [abandoned] = [event for event in events if isinstance(event, ToolCallAbandoned)]
    assert abandoned.text == _flagged(("false", "1"), ("false", value)).removesuffix("</call><e>")
    assert parser.messages[-1].tool_calls == ()
    assert "expected JSON that is not a string" in parser.issues[0].found
    with pytest.raises(ParseError):
        tok.decode([*ids_in(tok, "<s>ai<m>"), *ids])


def test_what_may_be_a_fence_belongs_to_the_call_that_is_open() -> None:
    tok = tokenizer("tags")
    parser = tok.stream()
    parser.feed_all(ids_in(tok, "Hm.<call>\n<function=f>\n<parameter=a>\nx\n</param"))
    assert parser.open_content == Message(role="assistant", content="Hm.")
    assert parser.open is not None
    assert parser.open.part == "calls"


def test_a_token_that_no_call_has_is_passed_over() -> None:
    tok = tokenizer("tokens")
    parser = tok.stream()
    parser.feed_all(ids_in(tok, "<call>f<key>a<m></key><value>1</value></call><e>"))
    parser.close()
    assert parser.issues
    assert parser.messages[-1].role == "assistant"


OTHER = "<arg_key>a</arg_key><arg_value>2</arg_value>"


@pytest.mark.parametrize(
    ("sampled", "found"),
    [
        ("<arg_value>1</arg_value>", "the special token <arg_value>"),
        ("<arg_key></arg_key><arg_value>1</arg_value>", "an argument without a key"),
        ("<arg_key></arg_key><arg_value>1</arg_value>" + OTHER, "an argument without a key"),
    ],
)
def test_a_value_without_a_key_makes_no_call_and_comes_out_as_text(
    sampled: str, found: str
) -> None:
    tok = bytewise(get_format("glm-4.7"))
    stream = tok.stream(thinking=False)
    ids = ids_in(tok, f"ok<tool_call>f{sampled}</tool_call><|user|>")
    events = [event for token in ids for event in stream.feed(token)]
    events += stream.close()
    assert stream.messages == [Message(role="assistant", content="ok")]
    [given_up] = [event for event in events if isinstance(event, ToolCallAbandoned)]
    assert given_up.text == f"<tool_call>f{sampled}"
    assert any(found in issue.found for issue in stream.issues)
