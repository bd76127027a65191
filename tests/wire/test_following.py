"""The expectations that errors name, and how many of them are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt import get_format
from chatfmt.wire.read import following

if TYPE_CHECKING:
    import pytest


def test_what_may_follow_is_forgotten_once_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_MOST_KNOWN", 3)
    machine = get_format("gpt-4o").machine
    places = [(place.index,) for place in machine.all if place.specials]
    assert len(places) > 6
    fresh = [following.Following(machine).what(place, literal=False) for place in places]
    one = following.Following(machine)
    assert [one.what(place, literal=False) for place in places] == fresh
    assert [one.what(place, literal=False) for place in places] == fresh
    assert len(one._after) <= 3
