"""One of many conversations, on the plain path, with errors that say which one it is."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, TypeVar

from chatfmt.training.examples import training_examples
from chatfmt.training.flat import FlatExample

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt.conversation import Conversation
    from chatfmt.wire.write import Renderer

__all__ = ["encode_alone", "noted"]

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def encode_alone(
    renderer: Renderer,
    conversation: Conversation,
    **how: Any,  # noqa: ANN401 - options of `training_examples`
) -> FlatExample:
    """The example that `training_examples` makes of a conversation, packed; it raises the same."""
    [made] = training_examples(renderer.for_tools(conversation.tools), conversation, **how)
    ids, labels = (array("i", numbers).tobytes() for numbers in made[:2])
    return FlatExample(ids, labels, array("f", made.weights).tobytes(), any(made.weights))


def noted(at: int, make: Callable[[_Given], _Made], given: _Given) -> _Made:
    """The result of ``make``; an error gets a note that names the conversation."""
    try:
        return make(given)
    except ValueError as error:
        error.add_note(f"conversation {at}")
        raise
