"""Text that can only continue its field is given out at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatfmt import FORMAT_ROWS, ChatTokenizer, Message, RenderError, ToolCall
from chatfmt.wire.read.parser import StreamParser
from laws.test_row_laws import PER_ROW, messages
from rows import ids_in, tokenizer
from strategies import mutated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Event


def lenient(tok: ChatTokenizer) -> StreamParser:
    return StreamParser(tok._binding, strict=False)


def slowly(tok: ChatTokenizer, ids: Sequence[int]) -> tuple[list[Event], StreamParser]:
    """Each id by its step."""
    parser, events = lenient(tok), []
    for token in ids:
        parser._take(token)
        events += parser._taken()
    return events + parser.close(), parser


def quickly(tok: ChatTokenizer, ids: Sequence[int]) -> tuple[list[Event], StreamParser]:
    parser, events = lenient(tok), []
    for token in ids:
        events += parser.feed(token)
    return events + parser.close(), parser


@pytest.mark.parametrize("name", FORMAT_ROWS)
@given(data=st.data())
@PER_ROW
def test_it_is_the_same_as_step_by_step(name: str, data: st.DataObject) -> None:
    tok = tokenizer(name)
    try:
        ids = tok.encode(data.draw(st.lists(messages(name), max_size=3)))
    except RenderError:
        return
    ids = data.draw(st.just(ids) | mutated(ids, tok.encoding.n_vocab))
    expected, by_step = slowly(tok, ids)
    for _ in range(2):
        found, parser = quickly(tok, ids)
        assert found == expected
        assert parser.spans == by_step.spans
        assert parser.issues == by_step.issues
    whole = lenient(tok)
    whole.feed_all(ids)
    whole.close()
    assert (whole.messages, whole.issues) == (by_step.messages, by_step.issues)
    assert whole.spans == by_step.spans


@pytest.mark.parametrize("name", ["qwen-3", "granite-4"])
def test_content_that_calls_may_follow_needs_no_step_for_each_id(name: str) -> None:
    tok = tokenizer(name)
    ids = tok.encode([Message(role="assistant", content="abcabcabc")])
    at = next(i for i, token in enumerate(ids) if ids[i : i + 3] == [97, 98, 99])
    parser = lenient(tok)
    parser.feed_all(ids[: at + 6])
    assert parser.feed(ids[at + 6])
    assert parser._sink is not None
    assert parser.feed(ids[at + 7])[0].text == "b"  # type: ignore[union-attr]


CALL = (
    '<tool_call>\n{"name": "f", "arguments": {"a": "abcabcabc", "b": [11, "x\\"y"]}}\n</tool_call>'
)
ARGUMENTS = '{"a": "abcabcabc", "b": [11, "x\\"y"]}'


def test_arguments_of_an_object_need_no_step_for_each_id() -> None:
    tok = tokenizer("qwen-3")
    ids = ids_in(tok, CALL + "<|im_end|>")
    assert quickly(tok, [*tok.encode_prompt([]), *ids])[1].messages[-1].tool_calls == (
        ToolCall(name="f", arguments=ARGUMENTS),
    )  # and now the steps are known
    at = ids.index(ord("b"), len("<tool_call>\n"))
    parser = tok.stream()
    parser.feed_all(ids[: at + 1])
    parser.feed(ids[at + 1])
    assert parser.shortcut is not None
    assert (parser.shortcut.field, parser.shortcut.texts[ord("a")]) == (0, "a")
    assert parser.feed(ids[at + 2]) == [(0, 0, "a")]
    assert parser._sink is not None
    assert parser.shortcut.texts[ord('"')] == ""


@pytest.mark.parametrize("end", ["<|im_end|>", "<|im_start|>", ""])
@pytest.mark.parametrize("wrong", ["", "}", "?"])
def test_what_is_forgotten_in_a_call_changes_nothing(end: str, wrong: str) -> None:
    tok = tokenizer("qwen-3")
    broken = CALL.replace("\n</tool_call>", f"{wrong}\n</tool_call>") if end else CALL[:-20]
    ids = ids_in(tok, f"{broken}{CALL}{end}")
    expected, _ = slowly(tok, [*tok.encode_prompt([]), *ids])
    for every in (1, 2, 5):
        parser, events = lenient(tok), []
        parser.feed_all(tok.encode_prompt([]))
        for at, token in enumerate(ids):
            events += parser.feed(token)
            if at % every == 0:
                open_message = parser.open_content
                parser.forget()
                assert parser.open_content == open_message
        events += parser.close()
        assert events == expected[-len(events) :]
