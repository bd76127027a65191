"""Make one example per turn: what the model saw when it answered, and the answer."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import ChatfmtError, ContextOverflowError, RenderError
from chatfmt.prepare.prepared import prepare_answers
from chatfmt.training.turns import answers
from chatfmt.training.weights import message_weights

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Literal

    from chatfmt.conversation import Conversation, Message
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["Part", "Turn", "each_turn", "preparation_asked", "turns_as_seen"]


class Part(NamedTuple):
    """The arguments for making an example."""

    renderer: Renderer
    messages: Sequence[Message]
    """The messages as written."""
    factors: Sequence[float]
    """The weight of each."""


class Turn(NamedTuple):
    """A conversation up to some answers, as shown to the model."""

    conversation: Conversation
    starts: tuple[int, ...]
    """Indices of the messages before which the model is prompted."""

    def learned(self) -> list[bool]:
        """For each message, whether the model writes it in this turn."""
        messages = self.conversation.messages
        return [
            at >= self.starts[0] and message.role == "assistant"
            for at, message in enumerate(messages)
        ]


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
    for turn in turns_as_seen(renderer, conversation, max_tokens, asked):
        messages = turn.conversation.messages
        factors = message_weights(messages, train_on)
        factors = [f * one for f, one in zip(factors, turn.learned(), strict=True)]
        yield Part(renderer.for_tools(turn.conversation.tools), messages, factors)


def turns_as_seen(
    renderer: Renderer,
    conversation: Conversation,
    max_tokens: int | None,
    asked: Mapping[str, Any] | None,
) -> Iterator[Turn]:
    """The parts of each turn. Arguments and errors are those of `each_turn`."""
    for writing in answers(conversation.messages):
        for turn in _unbroken(renderer, conversation, writing, asked):
            renderer = renderer.for_tools(turn.conversation.tools)
            try:
                _check(renderer, turn.conversation.messages, turn.starts, max_tokens)
            except ChatfmtError as error:
                error.add_note(f"in the turn that ends with message {writing[-1].stop - 1}")
                raise
            yield turn


def preparation_asked(
    *,
    prepare: bool,
    tools: Iterable[Mapping[str, Any]] | None,
    values: Mapping[str, str | dt.date] | None,
    history: Literal["published", "keep"],
) -> dict[str, Any] | None:
    """The keyword arguments for `chatfmt.prepare.prepared.prepare`; None to prepare nothing.

    Raises:
        ValueError: an argument is given without ``prepare``.
    """
    if prepare:
        listed = None if tools is None else [*tools]
        return {"tools": listed, "values": values, "history": history}
    if tools is not None or values is not None or history != "published":
        raise ValueError("tools, values and history need prepare=True")
    return None


def _unbroken(
    renderer: Renderer,
    conversation: Conversation,
    writing: Sequence[range],
    asked: Mapping[str, Any] | None,
) -> Iterator[Turn]:
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
) -> Turn:
    """The conversation up to these answers, as shown to the model when it is prompted for them."""
    messages = conversation.messages[: written.stop]
    until = conversation.model_copy(update={"messages": messages})
    if asked is None:
        return Turn(until, (written.start,))
    form = renderer.format
    prepared, start = prepare_answers(
        form.name, form.preparation, until, answers=written.start, **asked
    )
    return Turn(prepared, (start,))


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
