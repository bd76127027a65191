"""Conditions exclude every difference, and none of them is superfluous."""

from __future__ import annotations

import random

import pytest

from chatfmt import Conversation, Message
from chatfmt.templates.asks import Ask, Kinds, asks
from chatfmt.templates.compare import Difference, Verdict
from chatfmt.templates.conditions import CONDITIONS, Condition, needed

KINDS = [kind for kind in CONDITIONS if kind != "MARKS_DIFFER"]
ASKED = [*asks(Kinds(thinks=True, calls=True, switches=False), drawn=20)]


def _difference(ask: Ask) -> Difference:
    return Difference(ask, Verdict.DIFFERENT, "", "")


@pytest.mark.parametrize("seed", range(12))
def test_what_is_needed_excludes_all_differences_and_nothing_is_superfluous(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same every time
    drawn = [Condition(kind, None) for kind in chance.sample(KINDS, chance.randint(0, 4))]
    equal: list[Ask] = []
    differing: list[Ask] = []
    for ask in ASKED:
        holds = all(one.holds(ask.conversation, prompt=ask.prompt) for one in drawn)
        (equal if holds else differing).append(ask)
    found, left = needed([_difference(ask) for ask in differing], equal)
    assert left == []
    for ask in differing:
        assert not all(one.holds(ask.conversation, prompt=ask.prompt) for one in found)
    for one in found:
        others = [other for other in found if other is not one]
        assert any(
            all(other.holds(ask.conversation, prompt=ask.prompt) for other in others)
            for ask in differing
        )
        assert one.witness is not None
        witness = one.witness.ask
        assert not one.holds(witness.conversation, prompt=witness.prompt)


def test_a_narrow_condition_within_a_wider_one_is_left_out() -> None:
    thinks = [ask for ask in ASKED if any(m.reasoning for m in ask.conversation.messages)]
    plain = [ask for ask in ASKED if ask not in thinks]
    found, left = needed([_difference(ask) for ask in thinks], plain)
    assert ([one.kind for one in found], left) == (["NO_THINKING"], [])


def _answers(*texts: tuple[str, str | None]) -> Conversation:
    said = (Message(role="assistant", content=text, reasoning=reason) for text, reason in texts)
    return Conversation(messages=(Message(role="user", content="Hi"), *said))


@pytest.mark.parametrize(
    ("kind", "chat", "holds"),
    [
        ("NO_BARE_THINKING", _answers(("", "a")), False),
        ("NO_BARE_THINKING", _answers(("", None), ("b", "")), True),
        ("NO_THINKING_IN_RUNS", _answers(("a", "b"), ("c", None)), False),
        ("NO_THINKING_IN_RUNS", _answers(("a", None), ("b", "")), False),
        ("NO_THINKING_IN_RUNS", _answers(("a", None), ("b", None)), True),
        ("NO_THINKING_IN_RUNS", _answers(("a", "b")), True),
        ("MARKS_DIFFER", _answers(("a", "b")), True),
    ],
)
def test_conditions_about_reasoning(kind: str, chat: Conversation, *, holds: bool) -> None:
    assert Condition(kind, None).holds(chat) is holds
