"""Many ids taken at once give the same text as one after the other, wherever they are cut."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from chatfmt import ContentDelta, ParseError
from chatfmt.wire.read import intake
from letters import ids_of, row

if TYPE_CHECKING:
    from chatfmt import StreamParser

TOK = row({"user": "<s>{content}<e>", "assistant": "<m>{content}<e>"})


def seen(parser: StreamParser, chunks: list[list[int]]) -> object:
    """Messages, spans, issues and the text that was given out; the issue of a strict parse."""
    try:
        events = [e for chunk in chunks for e in parser.feed_all(chunk)]
        events += parser.close()
    except ParseError as error:
        return error.issue
    text = "".join(event.text for event in events if isinstance(event, ContentDelta))
    return parser.messages, parser.spans, parser.issues, text


def assert_same(ids: list[int]) -> None:
    for strict in (True, False):
        whole = seen(TOK.stream(None, strict=strict), [ids])
        assert whole == seen(TOK.stream(None, strict=strict), [[token] for token in ids]), ids


@pytest.mark.parametrize("at_once", [1, 2, 3, 5, 8192])
def test_whole_is_one_by_one(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_AT_ONCE", at_once)
    chance = random.Random(at_once)  # noqa: S311 - no secret
    texts = ["a", "é", "中", "😀", "\ufffd", "<e>", "<s>"]
    for _ in range(200):
        ids = ids_of("<s>" + "".join(chance.choices(texts, k=12)) + "<e>")
        for _ in range(chance.randint(0, 2)):
            del ids[chance.randrange(1, len(ids))]
        assert_same(ids)


def test_a_character_lies_across_what_is_read_together() -> None:
    for before in range(5):
        text = "a" * (intake._AT_ONCE - before) + "😀" * 3
        ids = ids_of(f"<s>{text}<e>")
        parser = TOK.stream(None, strict=True)
        deltas = [e.text for e in parser.feed_all(ids) if isinstance(e, ContentDelta)]
        assert deltas == [text]
        assert [message.content for message in parser.messages] == [text]
