"""Refusals of a row that are not the fault of a single line."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import (
    ChatFormat,
    ChatTokenizer,
    FormatError,
    Message,
    ToolCall,
    extend_encoding,
    get_encoding,
)

CALL = ToolCall(name="f", arguments='{"a": 1}')


def made(template: str = "<s>{role}\n{content}<e>", **row: Any) -> ChatFormat:
    return ChatFormat(
        name="x", template=template, special_tokens=["<s>", "<e>"], roles=["user"], **row
    )


@pytest.mark.parametrize("longest", [0, -1, True, 1.5, "9", None])
def test_a_header_has_a_longest_length(longest: Any) -> None:
    with pytest.raises(FormatError) as error:
        made(longest_header=longest)
    assert str(error.value) == (
        f"format x: longest_header must be a positive integer, found {longest!r}"
    )
    assert made(longest_header=1).longest_header == 1


@pytest.mark.parametrize("thinking", ["yes", 1, 0])
def test_what_a_prompt_does_is_true_false_or_nothing(thinking: object) -> None:
    with pytest.raises(FormatError, match="thinking must be true, false or None, found"):
        made(thinking=thinking)


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("<s>{role}\n{tools}<e>{content}<s>", Message(role="user", tools="f()", content="x")),
        ("<s>{role}\n{content:json}<e>", Message(role="user", content='"x"\n')),
        ("<s>{role} {channel=final}\n{content}<e>", Message(role="user", channel="final")),
        ("<s>{role}\n[{call:json n, a}<e>]*<s>", Message(role="user", tool_calls=(CALL,))),
    ],
)
def test_a_word_that_is_written(template: str, written: Message) -> None:
    encoding = extend_encoding(get_encoding("cl100k_im"), "two", ["<s>", "<e>"])
    tok = ChatTokenizer(made(template), encoding)
    assert tok.decode(tok.encode([written])).messages == (written,)


@pytest.mark.parametrize("needed", ["template", "special_tokens"])
def test_a_row_from_a_file_has_what_it_needs(needed: str) -> None:
    row = {"name": "x", "template": "<s>{content}<e>", "special_tokens": ["<s>", "<e>"]}
    del row[needed]
    with pytest.raises(FormatError) as error:
        ChatFormat.from_row(row)
    assert str(error.value) == f"format x: there is no {needed}"
