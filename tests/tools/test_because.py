"""Two renderings of a conversation, prepared and not: which change makes the difference."""

from __future__ import annotations

import pytest

from chatfmt import Cause, Change, Message
from chatfmt.tools.because import because
from rows import tokenizer

USER, NEXT = (Message(role="user", content=text) for text in ("a", "c"))
SYSTEM = Message(role="system", content="Be brief.")
THOUGHT = Message(role="assistant", content=" b ", reasoning="hm")
BARE, BRIEF = (
    THOUGHT.model_copy(update={"reasoning": None}),
    THOUGHT.model_copy(update={"content": "b", "reasoning": None}),
)
DROPPED = Change(1, "reasoning", "reasoning", "hm", None, 1)
TRIMMED = Change(1, "content", "strip", " b ", "b", 1)


@pytest.mark.parametrize(
    ("changes", "made", "given", "said"),
    [
        ([DROPPED], [USER, BARE], [USER, THOUGHT], "thinking of message 1 dropped (reasoning)"),
        (
            [DROPPED, TRIMMED],
            [USER, BRIEF, NEXT],
            [USER, THOUGHT, NEXT],
            "thinking of message 1 dropped (reasoning), content of message 1 changed (strip)",
        ),
        (
            [DROPPED._replace(before=None, after="")],
            [USER, BARE.model_copy(update={"reasoning": ""})],
            [USER, BARE],
            "thinking of message 1 added (reasoning)",
        ),
        (
            [
                Change(0, "content", "strip", " a", "a", 1),
                Change(None, "message", "system", None, SYSTEM, 0),
            ],
            [SYSTEM, USER],
            [USER],
            "message 0 added (system)",
        ),
        (
            [Change(0, "message", "system", SYSTEM, None)],
            [USER],
            [SYSTEM, USER],
            "message 0 left out (system)",
        ),
        ([Change(1, "message", "w", NEXT, None)], [USER], [USER, NEXT], "message 1 left out (w)"),
    ],
)
def test_what_was_done_is_named(
    changes: list[Change], made: list[Message], given: list[Message], said: str
) -> None:
    assert because(changes, made, made, given) == f"{said}: a is prepared, b is not"
    assert because(changes, made, given, made) == f"{said}: b is prepared, a is not"


@pytest.mark.parametrize(
    ("changes", "made", "a", "b"),
    [
        ([DROPPED], [USER, BARE], [USER, THOUGHT], [USER, BRIEF]),  # neither is what was made
        ([DROPPED], [USER, BARE], [USER, BARE], [USER, BARE]),
        ([TRIMMED], [USER, BARE], [USER, BARE], [USER, THOUGHT]),  # of another field
        ([TRIMMED], [NEXT, BARE], [NEXT, BARE], [USER, THOUGHT]),  # of another message
        ([Change(None, "tools", "tools", (), None)], [USER], [USER], [NEXT]),
        ([Change(None, "message", "w", None, USER, 0)], [USER], [USER], [NEXT]),
        ([Change(0, "message", "w", NEXT, None)], [USER], [USER], [NEXT]),
        ([], [USER, BARE], [USER, BARE], [USER, THOUGHT]),
    ],
)
def test_what_is_not_of_a_preparation_is_not_named(
    changes: list[Change], made: list[Message], a: list[Message], b: list[Message]
) -> None:
    assert because(changes, made, a, b) is None


def test_of_rows() -> None:
    tok = tokenizer("qwq")
    chat = [USER, THOUGHT, NEXT]
    prepared = tok.prepare(chat)
    ids, raw = tok.encode(prepared), tok.encode(chat)
    found = tok.explain(ids, raw, prepared=prepared)
    assert found is not None
    assert found.cause is Cause.PREPARATION
    assert "thinking of message 1 dropped (reasoning)" in found.reason
    assert "thinking of message 1" not in str(tok.explain(ids, raw))


def test_a_system_message_that_was_added_is_no_dropped_message() -> None:
    tok = tokenizer("qwen-2.5")
    prepared = tok.prepare([USER])
    ids, raw = tok.encode(prepared), tok.encode([USER])
    alone, told = tok.explain(ids, raw), tok.explain(ids, raw, prepared=prepared)
    assert alone is not None
    assert told is not None
    assert (alone.cause, told.cause) == (Cause.DROPPED_MESSAGE, Cause.PREPARATION)
    assert told.reason == "message 0 added (system): a is prepared, b is not"


def test_what_is_no_matter_of_messages_is_told_as_before() -> None:
    tok = tokenizer("qwen-2.5")
    prepared = tok.prepare([USER])
    ids = tok.encode(prepared)
    assert tok.explain(ids, ids, prepared=prepared) is None
    other = [*ids[:3], tok.encoding.special_tokens["<|im_end|>"], *ids[4:]]
    assert tok.explain(ids, other) == tok.explain(ids, other, prepared=prepared)
