"""The ends of messages that a model writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.frame import Frame
    from chatfmt.wire.spans import Span

__all__ = ["after_unended", "in_training", "is_bare"]


def in_training(
    binding: Binding, ids: Sequence[int], spans: Sequence[Span], messages: Sequence[Message]
) -> Sequence[Span]:
    """The spans without the ends that are not trained: see `chatfmt.wire.frame.Frame.in_training`.

    A token that ends the model's message and begins the next one counts to the first.
    """
    unended = binding.format.unended
    if not (binding.continues or unended):
        return spans
    shown = [*spans]
    for at, span in enumerate(spans):
        number = span.message
        if number and span.part == "header" and span.generated:
            before = messages[number - 1].role
            if before in unended and span.stop == span.start + 1:
                shown[at] = span._replace(message=number - 1, part="end")
        if span.part != "end" or number is None or number >= len(messages):
            continue
        message, going_on = messages[number], messages[number + 1 : number + 2]
        goes_on = bool(going_on) and going_on[0].role == message.role
        if ids[span.stop - 1] in binding.continues and not goes_on:
            shown[at] = span._replace(generated=False)
    return shown


def after_unended(binding: Binding, frame: Frame) -> Frame:
    """The frame of a message whose first token may end a message of the model."""
    name = "head" if frame.head else "close"
    ids, marks = getattr(frame, name), getattr(frame, f"{name}_marks")
    if ids[:1] and ids[0] in binding.stops:
        (_, stop, part, generated), *rest = marks
        marks = [(0, 1, part, True), (1, stop, part, generated), *rest]
        if stop == 1 and not frame.prefix:  # nothing of the header follows
            del marks[1]
    return frame._replace(**{f"{name}_marks": marks})


def is_bare(binding: Binding, frame: Frame) -> bool:
    """Whether a message is only a token that could just as well end a message of the model."""
    ids = [*frame.head, *frame.close]
    return len(ids) == 1 and not (frame.prefix or frame.suffix) and ids[0] in binding.stops
