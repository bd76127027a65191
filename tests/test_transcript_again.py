"""Ids that are read again, as their spans say."""

from __future__ import annotations

from chatfmt import Span
from chatfmt.transcript.again import feed_again
from formats_under_test import tokenizer_for


def test_what_was_sampled_is_read_as_its_prompt_says_where_the_role_is_known() -> None:
    tok = tokenizer_for("gpt-4o")
    ids = tok.encode([{"role": "assistant", "content": "hello"}])
    spans = [
        Span(0, 3, 0, "header", generated=False),
        Span(3, 4, 0, "content", generated=True, sampled=True),
        Span(4, 5, 0, "end", generated=True, sampled=True),
    ]
    known: list[dict[int, str]] = [{}, {0: "assistant"}]
    for roles in known:
        parser = tok.stream(role=None)
        feed_again(parser, ids, spans, roles)
        assert [message.content for message in parser.messages] == ["hello"]
        assert parser.spans == spans
