"""Text that only goes on in its field is given out without a look at what else it could do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatfmt import FORMAT_ROWS, ChatTokenizer, Message, RenderError
from chatfmt.wire.read.parser import StreamParser
from laws.test_row_laws import PER_ROW, messages
from rows import tokenizer
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
