"""What is remembered is bounded, by number and by size."""

from __future__ import annotations

import tracemalloc

from chatfmt import ChatFormat, ChatTokenizer, Message
from chatfmt.wire.kept import _MOST, _MOST_ITEMS, _MOST_OF_ONE, Kept
from formats_under_test import tokenizer_for


def test_it_forgets_when_it_is_full() -> None:
    many: Kept[int, int] = Kept()
    for i in range(_MOST_ITEMS + 1):
        many.keep(i, i, 1)
    assert many.known == {_MOST_ITEMS: _MOST_ITEMS}
    large: Kept[int, int] = Kept()
    fit = _MOST // _MOST_OF_ONE
    for i in range(fit + 1):
        assert len(large.known) == i
        large.keep(i, i, _MOST_OF_ONE)
    assert large.known == {fit: fit}


def test_what_is_as_long_as_a_text_is_not_kept() -> None:
    kept: Kept[int, int] = Kept()
    kept.keep(0, 0, _MOST_OF_ONE + 1)
    assert kept.known == {}


def test_long_fields_do_not_pile_up() -> None:
    """In none of the ways of working: 300 recipients of 300 KB would be a gigabyte."""
    known = tokenizer_for("harmony")
    row = known.format.row() | {"longest_header": 100_000}
    tok = ChatTokenizer(ChatFormat(**row), known.encoding)
    tracemalloc.start()
    try:
        for i in range(30):
            recipient = f"functions.{i}" + "ab " * 10_000
            message = Message(role="assistant", recipient=recipient.replace(" ", "-"), content="x")
            tok.encode([message])
            tok.render([message, message])
            tok.encode_batch([[message]])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
