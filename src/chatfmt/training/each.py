"""Make one example per turn: what the model saw when it answered, and the answer."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import ChatfmtError, ContextOverflowError, RenderError
from chatfmt.prepare.prepared import prepare_answers
from chatfmt.training.turns import answers
from chatfmt.training.weights import message_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from chatfmt.conversation import Conversation, Message
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["Part", "each_turn"]


class Part(NamedTuple):
    """The arguments for making an example."""

    renderer: Renderer
    messages: Sequence[Message]
    """The messages as written."""
    factors: Sequence[float]
    """The weight of each."""


class _Turn(NamedTuple):
    """A conversation up to some answers, as shown to the model."""

    conversation: Conversation
    starts: tuple[int, ...]
    """Indices of the messages before which the model is prompted."""


def each_turn(
    renderer: Renderer,
    conversation: Conversation,
    train_on: TrainOn,
    max_tokens: int | None,
    asked: Mapping[str, Any] | None,
) -> Iterator[Part]:
    """The parts of each turn: the conversation up to its last answer, with weights for its answers.

    If the template shows the model something different after a tool result, such as no thinking,
    the turn has one part for each prompt that does not continue the one before.

    Args:
        renderer: writes the format.
        conversation: the conversation.
        train_on: chooses among the answers.
        max_tokens: the largest allowed number of ids of a part.
        asked: the keyword arguments for `chatfmt.prepare.prepared.prepare`; None to prepare
            nothing.

    Raises:
        RenderError: the template does not accept the conversation, or no prompt precedes such an
            answer.
        ContextOverflowError: a part has more ids.
        ValueError: as for `prepare`.
    """
    for writing in answers(conversation.messages):
        for turn in _unbroken(renderer, conversation, writing, asked):
            renderer = renderer.for_tools(turn.conversation.tools)
            messages = turn.conversation.messages
            try:
                _check(renderer, messages, turn.starts, max_tokens)
            except ChatfmtError as error:
                error.add_note(f"in the turn that ends with message {writing[-1].stop - 1}")
                raise
            factors = message_weights(messages, train_on)
            learned = (
                at >= turn.starts[0] and message.role == "assistant"
                for at, message in enumerate(messages)
            )
            yield Part(
                renderer, messages, [f * one for f, one in zip(factors, learned, strict=True)]
            )


def _unbroken(
    renderer: Renderer,
    conversation: Conversation,
    writing: Sequence[range],
    asked: Mapping[str, Any] | None,
) -> Iterator[_Turn]:
    """A turn, or the parts of it in which each prompt begins with all that is before it."""
    first, *later = writing
    known = _prepared(renderer, conversation, first, asked)
    for written in later:
        turn = _prepared(renderer, conversation, written, asked)
        before = known.conversation.messages
        if turn.conversation.messages[: len(before)] == before:
            turn = turn._replace(starts=known.starts + turn.starts)
        else:
            yield known
        known = turn
    yield known


def _prepared(
    renderer: Renderer,
    conversation: Conversation,
    written: range,
    asked: Mapping[str, Any] | None,
) -> _Turn:
    """The conversation up to these answers, as shown to the model when it is prompted for them."""
    messages = conversation.messages[: written.stop]
    until = conversation.model_copy(update={"messages": messages})
    if asked is None:
        return _Turn(until, (written.start,))
    form = renderer.format
    prepared, start = prepare_answers(
        form.name, form.preparation, until, answers=written.start, **asked
    )
    return _Turn(prepared, (start,))


def _check(
    renderer: Renderer, messages: Sequence[Message], starts: Sequence[int], max_tokens: int | None
) -> None:
    """Refuse a part that is too long, and an answer that no prompt precedes."""
    if max_tokens is not None:
        tokens = len(renderer.prologue) + sum(renderer.count_messages(messages))
        if tokens > max_tokens:
            raise ContextOverflowError(tokens, max_tokens)
    frames = [*renderer.frames(messages, marks=False)]
    for start in starts:
        frame = frames[start]
        ids = frame.close if frame.suffix is None else frame.head
        before = messages[start - 1].role if start else None
        prompts = _prompts(renderer, messages[start], before)
        if not any(ids[: len(prompt)] == prompt for prompt in prompts):
            raise RenderError(
                "no prompt of this format is followed by such an answer: expected reasoning, "
                'which the prompt begins, or "" if it is empty',
                renderer.format.name,
                start,
                "reasoning",
            )


def _prompts(renderer: Renderer, message: Message, before: str | None) -> Iterator[list[int]]:
    """The prompts that there are."""
    for name, thinking in product((message.name, None), (None, False, True)):
        try:
            yield renderer.prompt(message.role, name, before=before, thinking=thinking)
        except RenderError:
            continue
