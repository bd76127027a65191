"""Writing by a plan gives what writing without one gives: ids, marks and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatfmt import FORMAT_ROWS, Message, RenderError
from chatfmt.wire.frames import Frames
from laws.test_row_laws import PER_ROW, messages
from rows import tokenizer

if TYPE_CHECKING:
    from chatfmt.wire.frame import Frame


def found(frames: Frames, chat: list[Message], *, marks: bool = True) -> Any:
    made: list[Frame] = []
    try:
        # That a plan has made a frame is no part of what is written.
        made.extend(frame._replace(plan=None) for frame in frames.all(chat, marks=marks))
    except RenderError as error:
        return str(error), error.field
    return made


@pytest.mark.parametrize("name", FORMAT_ROWS)
@given(data=st.data())
@PER_ROW
def test_what_is_known_of_a_shape_changes_nothing(name: str, data: st.DataObject) -> None:
    binding = tokenizer(name)._binding
    chats = st.lists(messages(name), max_size=4)
    learned = Frames(binding)
    for lesson in data.draw(st.lists(chats, max_size=2)):
        found(learned, lesson)
    chat = data.draw(chats)
    expected = found(Frames(binding), chat)
    for marks in (True, False, True):
        got = found(learned, chat, marks=marks)
        if not marks and isinstance(got, list):
            assert [frame.close for frame in got] == [frame.close for frame in expected]
        else:
            assert got == expected
