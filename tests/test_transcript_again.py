"""Ids that are read a second time give the same result."""

from __future__ import annotations

from typing import Any

from chatfmt import MessageEnd, Span
from chatfmt.transcript.again import Start, cut_out, feed_again
from formats_under_test import tokenizer_for
from rows import tokenizer

PROMPT = Span(0, 10, 0, "header", generated=False)
ANSWER = Span(10, 14, 0, "header", generated=True, sampled=True)


def test_what_was_sampled_is_read_as_sampled() -> None:
    tok = tokenizer_for("gpt-4o")
    ids = tok.encode([{"role": "assistant", "content": "hello"}])
    spans = [
        Span(0, 3, 0, "header", generated=False),
        Span(3, 4, 0, "content", generated=True, sampled=True),
        Span(4, 5, 0, "end", generated=True, sampled=True),
    ]
    for prompts in ([], [Start(3, "assistant")]):
        parser = tok.stream(role=None)
        events = feed_again(parser, ids, spans, prompts)
        assert [message.content for message in parser.messages] == ["hello"]
        assert parser.spans == spans
        assert events[-1] == MessageEnd(0, parser.messages[0], ids[-1])


def test_who_was_prompted_is_known_where_the_prompt_ends() -> None:
    tok = tokenizer("gpt-oss")  # in which a tool's name may begin like the assistant's header
    ids = [*tok.encode_prompt([]), tok.encoding.special_tokens["<|start|>"]]
    spans = [PROMPT, Span(10, 11, 1, "header", generated=False, sampled=True)]
    for prompts, roles in (([], []), ([Start(10, "assistant")], ["assistant"])):
        parser = tok.stream(role=None)
        feed_again(parser, ids, spans, prompts)
        assert [message.role for message in parser.messages] == roles


def test_spans_are_cut_where_a_part_of_them_is_wanted() -> None:
    spans = [PROMPT, ANSWER]
    assert cut_out(spans, 0, 14) == spans
    assert cut_out(spans, 4, 12) == [PROMPT._replace(start=4), ANSWER._replace(stop=12)]
    assert cut_out(spans, 10, 14) == [ANSWER]
    assert cut_out(spans, 14, 14) == []


def test_a_cut_does_not_look_at_all_spans() -> None:
    """A transcript is cut at every turn; if all were looked at, it would cost the square."""

    class Counted(list[Span]):
        looked = 0

        def __getitem__(self, at: Any) -> Any:
            Counted.looked += 1
            return super().__getitem__(at)

    spans = Counted(Span(at, at + 1, 0, "content", generated=True) for at in range(10_000))
    assert cut_out(spans, 5_000, 5_002) == list(spans)[5_000:5_002]
    assert Counted.looked < 40
