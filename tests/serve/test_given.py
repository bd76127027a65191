"""Input from libraries is read like chatfmt's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import chatfmt
from chatfmt import ChatTokenizer, DataError, EncodingRequiredError, Message
from chatfmt.serve.given import definitions, plain_messages, tokenizer_for, with_definitions
from rows import tokenizer


class Call:
    def model_dump(self, *, exclude_none: bool) -> dict[str, object]:
        assert exclude_none
        return {"type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_parts_and_calls_become_fields() -> None:
    parts = [{"type": "thinking", "thinking": "a"}, {"type": "thinking", "thinking": "b"}]
    [message] = plain_messages([{"role": "assistant", "content": parts, "tool_calls": [Call()]}])
    read = chatfmt.Message.model_validate(message)
    assert (read.content, read.reasoning, read.tool_calls[0].name) == ("", "ab", "f")
    given = [{"role": "user", "content": [{"type": "text", "text": "x"}]}]
    assert plain_messages(given) == given


def test_calls_that_failed_are_text() -> None:
    failed = [SimpleNamespace(raw_text="f("), SimpleNamespace(raw_text="g(")]
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    given = [{"content": content, "unparsed_tool_calls": failed} for content in ("x", parts, None)]
    assert [one["content"] for one in plain_messages(given)] == ["xf(g(", "abf(g(", "f(g("]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (5, r"messages\[0\]: expected an object, found the number 5"),
        ("x", r"messages\[0\]: expected an object, found the text 'x'"),
        ({"content": [{"type": "thinking"}]}, "expected a part with thinking, found nothing"),
        ({"content": [{"type": "thinking", "thinking": 5}]}, "thinking, found the number 5"),
        (
            {"content": [{"type": "thinking", "thinking": "a"}], "reasoning": "b"},
            "expected thinking in parts or in the field reasoning, found both",
        ),
        (
            {
                "content": [{"type": "image"}],
                "unparsed_tool_calls": [SimpleNamespace(raw_text="f(")],
            },
            "expected a part with text, found nothing",
        ),
    ],
)
def test_what_is_no_message_is_said(message: Any, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        plain_messages([message])


def test_what_is_no_definition_is_said() -> None:
    wrong: Any = [{"name": "f"}, 5]
    with pytest.raises(DataError, match=r"tools\[1\]: expected the definition of a tool"):
        definitions(wrong)


def test_definitions_have_an_envelope() -> None:
    whole = {"type": "function", "function": {"name": "f"}}
    assert definitions(None) is None
    assert definitions([{"name": "f"}, whole]) == [whole, whole]


def test_a_source_is_a_tokenizer_or_takes_a_vocabulary() -> None:
    tok = tokenizer("qwen-3")
    assert tokenizer_for(tok) is tok
    assert tokenizer_for("gpt-4o") is chatfmt.get_tokenizer("gpt-4o")
    row = chatfmt.get_format("gpt-4o")
    assert tokenizer_for(row).format is row
    mine = tokenizer_for("qwen-3", SimpleNamespace(tok=tok))
    assert isinstance(mine, ChatTokenizer)
    assert mine.encoding is tok.encoding
    libraries = pytest.importorskip("tokenizers")
    alphabet = sorted(libraries.pre_tokenizers.ByteLevel.alphabet())
    model = libraries.models.BPE({letter: at for at, letter in enumerate(alphabet)}, [])
    given = libraries.Tokenizer(model)
    given.pre_tokenizer = libraries.pre_tokenizers.ByteLevel(add_prefix_space=False)
    given.decoder = libraries.decoders.ByteLevel()
    given.add_special_tokens([*chatfmt.get_format("qwen-3").special_tokens])
    assert tokenizer_for("qwen-3", given).encoding.n_vocab > 256
    with pytest.raises(EncodingRequiredError):
        tokenizer_for("qwen-3")


@pytest.mark.parametrize("odd", [5, "x", {"role": "user"}])
def test_what_is_no_list_is_refused(odd: Any) -> None:
    with pytest.raises(DataError, match="messages: expected a list of messages, found"):
        plain_messages(odd)
    with pytest.raises(DataError, match="tools: expected a list of definitions, found"):
        definitions(odd)


def test_what_is_no_list_of_calls_is_left_to_the_reader() -> None:
    [message] = plain_messages([{"role": "assistant", "content": "", "tool_calls": 5}])
    with pytest.raises(ValueError, match="tool_calls"):
        Message.model_validate(message)


def test_a_system_message_may_have_tools_alone() -> None:
    assert with_definitions([{"role": "system", "tools": [{"name": "f"}]}])[0] == []
