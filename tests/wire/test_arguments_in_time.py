"""Arguments written one by one stream as JSON once nothing that follows can change them."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import Message, RenderError, ToolCall
from chatfmt.line.formats import FORMAT_ROWS
from chatfmt.wire.events import ArgumentsDelta
from rows import tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt import ChatTokenizer

ROWS = [name for name, row in FORMAT_ROWS.items() if "{arg.value" in repr(row["template"])]
STRINGS = (
    '"two words"',
    '"1 and 2"',
    '"it\'s \\"so\\", \\\\ said 海 🌊"',
    '"\\n a line\\n"',
    '""',
)
VALUES = (
    *STRINGS,
    "12",
    "-1.50e+3",
    "true",
    "null",
    '{"a": [true, null, {"b": "x, y"}], "c": 0.1}',
    "[[], {}]",
)
SIMILAR = (
    *('"two wor"', '"1"', '"tru"', '"Tru"', '"null and"', '"[[], {"', '"-1.50e"', '"\\n"'),
    *("1", "12.5", "-1.50e+30", "[[], {}, 1]", '{"a": [true, null]}', "false"),
)
TYPED = [
    {
        "type": "function",
        "function": {
            "name": "tide",
            "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
        },
    }
]


def written(tok: ChatTokenizer, arguments: str) -> list[int] | None:
    """The ids of a call; None where the row cannot write it."""
    call = ToolCall(name="tide", arguments=arguments)
    answer = Message(role="assistant", content="", tool_calls=(call,))
    try:
        return tok.encode([Message(role="user", content="Go!"), answer])
    except RenderError:
        return None


def difference(one: Sequence[int], other: Sequence[int]) -> int:
    """Where ids part."""
    return next(at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def said_after_each(
    tok: ChatTokenizer, ids: Sequence[int], tools: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """After each id all that has been said of the arguments."""
    parser, said, found = tok.stream(role=None, tools=tools), "", []
    for token in ids:
        events = parser.feed(token)
        said += "".join(event.text for event in events if isinstance(event, ArgumentsDelta))
        found.append(said)
    return found


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", ROWS)
def test_an_argument_is_given_out_before_the_next_begins(name: str, value: str) -> None:
    tok = tokenizer(name)
    arguments = f'{{"a": {value}, "zz": 1}}'
    ids = written(tok, arguments)
    if ids is None:
        pytest.skip("the row writes no such value")
    said = said_after_each(tok, ids)
    [z] = tok.encoding.encode_ordinary("z")
    key = next(at for at, pair in enumerate(itertools.pairwise(ids)) if pair == (z, z))
    assert said[key - 1] == f'{{"a": {value}'
    assert said[-1] == arguments


@pytest.mark.parametrize("tools", [(), TYPED], ids=["", "typed"])
@pytest.mark.parametrize("name", ROWS)
def test_what_is_given_out_holds_whatever_follows(name: str, tools: list[Any]) -> None:
    tok = tokenizer(name)
    texts = {f'{{"a": {value}}}' for value in (*VALUES, *SIMILAR)}
    known = {text: ids for text in sorted(texts) if (ids := written(tok, text)) is not None}
    read = {
        text: said_after_each(tok, ids, tools)
        for text, ids in known.items()
        if tok.parse(ids, tools=tools).conversation.messages[-1].tool_calls[0].arguments == text
    }
    assert len(read) >= len(STRINGS)
    for one, other in itertools.permutations(read, 2):
        shared = difference(known[one], known[other])
        assert other.startswith(read[one][shared - 1])


@pytest.mark.parametrize("name", ROWS)
def test_a_string_is_given_out_character_by_character(name: str) -> None:
    tok = tokenizer(name)
    whole = STRINGS[0]
    ids = written(tok, f'{{"a": {whole}}}')
    assert ids is not None
    for cut in range(2, len(whole) - 1):
        shorter = f'{whole[:cut]}"'
        other = written(tok, f'{{"a": {shorter}}}')
        assert other is not None
        shared = difference(ids, other)
        assert said_after_each(tok, ids[:shared], TYPED)[-1] == f'{{"a": {whole[:cut]}'


@pytest.mark.parametrize("name", ROWS)
def test_chunks_give_out_the_same(name: str) -> None:
    tok = tokenizer(name)
    draw = random.Random(name)  # noqa: S311 - the same for each run
    for value in VALUES:
        arguments = f'{{"a": {value}, "b": {value}}}'
        ids = written(tok, arguments)
        if ids is None:
            continue
        for size in (len(ids), *(draw.randint(2, 9) for _ in range(3))):
            parser = tok.stream(role=None)
            chunks = [ids[at : at + size] for at in range(0, len(ids), size)]
            events = [event for chunk in chunks for event in parser.feed_all(chunk)]
            pieces = [event.text for event in events if isinstance(event, ArgumentsDelta)]
            assert "".join(pieces) == arguments
