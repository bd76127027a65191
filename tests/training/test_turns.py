"""Where a conversation can be cut."""

from __future__ import annotations

from chatfmt import Message
from chatfmt.training.turns import sections


def test_instructions_go_with_what_they_stand_before() -> None:
    roles = ["system", "user", "assistant", "system", "developer", "user"]
    assert sections([Message(role=role) for role in roles]) == [range(3), range(3, 6)]
    roles = ["assistant", "user"]
    assert sections([Message(role=role) for role in roles]) == [range(1), range(1, 2)]
