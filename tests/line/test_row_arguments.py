"""Rows whose arguments are written one by one: what they carry, what they refuse, and why."""

from __future__ import annotations

import json

import pytest

import chatfmt
from chatfmt import FORMAT_ROWS, ChatTokenizer, Message, RenderError, ToolCall
from rows import NO_OBJECTS, ONE_BY_ONE, plain, tokenizer

ROWS = [name for name in FORMAT_ROWS if chatfmt.get_format(name).arguments]
TELLS = "prepare the conversation with canonical arguments"
NOT_CANONICAL = ('{"a":1}', '{"a": 1 }', "{ }", '{"a": 1,"b": 2}', '{ "a": 1}', '{"\\u0061": 1}')
"""Objects that would come back spelled otherwise."""
NO_KEYS = ('{"a b": 1}', '{"": 1}', '{"a>": 1}', '{"<b": 1}', '{"a\\n": 1}')
NOT_BARE = ('"2"', '"null"', '"true"', '"[1]"', '"{}"', '"-0.5"', '"\\u0061"', '"\\/"')
"""Strings that would be read as something else where strings stand bare, or spelled otherwise."""
PYTHON_WORDS = ('"True"', '"False"', '"None"')


def coder(name: str) -> str | None:
    [found] = tokenizer(name).format.arguments
    return found.name if found else None


def calling(tok: ChatTokenizer, arguments: str) -> list[Message]:
    """An answer with a call of these arguments, for each line that has calls."""
    answers = [plain("assistant", line) for line in tok.format.lines_of["assistant"]]
    call = ToolCall(name="get_weather", arguments=arguments, id="functions.get_weather:0")
    return [m.model_copy(update={"tool_calls": (call,)}) for m in answers if m.tool_calls]


def assert_carried(name: str, arguments: str) -> None:
    tok = tokenizer(name)
    for message in calling(tok, arguments):
        [back] = tok.decode(tok.encode([message])).messages
        assert [call.arguments for call in back.tool_calls] == [arguments]


def assert_refused(name: str, arguments: str, said: str) -> None:
    tok = tokenizer(name)
    for message in calling(tok, arguments):
        with pytest.raises(RenderError) as refused:
            tok.encode([message])
        assert said in str(refused.value)
        assert refused.value.field == "tool_calls"


@pytest.mark.parametrize("name", ROWS)
def test_what_is_canonical_is_carried_verbatim(name: str) -> None:
    """But for a value that holds the text which ends one."""
    assert calling(tokenizer(name), "{}")
    ending = [text for text in tokenizer(name).format.fences if not text.startswith("^")]
    for arguments in ONE_BY_ONE:
        values = [value for value in json.loads(arguments).values() if isinstance(value, str)]
        if any(text in value for text in ending for value in values):
            for message in calling(tokenizer(name), arguments):
                with pytest.raises(RenderError, match="this would be read as structure"):
                    tokenizer(name).encode([message])
        else:
            assert_carried(name, arguments)


@pytest.mark.parametrize("name", ROWS)
def test_another_spelling_is_refused_and_it_is_said_how_to_mend_it(name: str) -> None:
    for arguments in NOT_CANONICAL:
        assert_refused(name, arguments, TELLS)
    for arguments in NO_OBJECTS:
        assert_refused(name, arguments, "expected a JSON object, found")
    for arguments in NO_KEYS:
        assert_refused(name, arguments, "the key of an argument to match")
    assert_refused(name, '{"a": 1, "a": 2}', "expected every key once, found 'a' again")


@pytest.mark.parametrize("name", ROWS)
def test_a_string_that_would_be_read_as_something_else_is_refused(name: str) -> None:
    lines = tokenizer(name).format.lines_of["assistant"]
    flagged = any("arg.string" in line.fields for line in lines)  # each says that it is a string
    bare = coder(name) in ("loose", "loose_python") and not flagged
    for value in (*NOT_BARE, *PYTHON_WORDS):
        arguments = f'{{"a": {value}, "b": 1}}'
        words = value in PYTHON_WORDS and coder(name) == "loose"
        escaped = "\\" in value and (flagged or coder(name) == "python")
        if (bare and not words) or escaped:
            assert_refused(name, arguments, "which would be read as")
            assert_refused(name, arguments, TELLS)
        else:
            assert_carried(name, arguments)
