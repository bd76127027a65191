"""Objects for one thread at a time notice that they are used while they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatfmt import get_tokenizer
from chatfmt.wire.alone import Alone, grows, reads

if TYPE_CHECKING:
    from collections.abc import Callable

TWICE = (
    "two threads use one Box at once; give each a copy() of its own, or let them take turns with a "
    "lock"
)


class Box(Alone):
    @grows
    def put(self, meanwhile: Callable[[], object] | None = None) -> str:
        if meanwhile is not None:
            meanwhile()
        return "put"

    @reads
    def look(self, meanwhile: Callable[[], object] | None = None) -> str:
        if meanwhile is not None:
            meanwhile()
        return "seen"


def test_one_after_the_other() -> None:
    box = Box()
    assert [box.put(), box.look(), box.put(), box.look(box.look)] == ["put", "seen"] * 2


@pytest.mark.parametrize("meanwhile", [Box.put, Box.look])
def test_while_it_changes_nobody_uses_it(meanwhile: Callable[[Box], str]) -> None:
    box = Box()
    with pytest.raises(RuntimeError) as error:
        box.put(lambda: meanwhile(box))
    assert str(error.value) == TWICE
    assert box.put() == "put"  # whoever was first has done with it


def test_what_was_seen_while_it_changed_does_not_count() -> None:
    box = Box()
    with pytest.raises(RuntimeError) as error:
        box.look(box.put)
    assert str(error.value) == TWICE


def test_a_transcript_that_changes_while_it_is_weighed() -> None:
    transcript = get_tokenizer("gpt-4o").render([{"role": "user", "content": "hello"}])

    def weight(*_: object) -> float:
        transcript.append({"role": "user", "content": "more"})
        return 1.0

    with pytest.raises(RuntimeError, match="two threads use one Transcript at once"):
        transcript.weights(weight)
