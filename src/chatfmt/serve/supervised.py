"""A conversation to train on, as ids and their weights, for tinker-cookbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.errors import RenderError, shown
from chatfmt.facade.writing import as_conversation
from chatfmt.prepare.prepared import prepare_answers
from chatfmt.serve.attributed import unweighted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.facade.writing import Messages
    from chatfmt.serve.attributed import Options
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["supervised"]


def supervised(
    tok: ChatTokenizer,
    chat: Messages,
    options: Options,
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    train_on: str = "last_assistant_message",
    flags: Sequence[bool] = (),
) -> tuple[list[int], list[float]]:
    """Ids and weights of a conversation that ends with the text a model should write.

    Args:
        tok: format and vocabulary.
        chat: the messages.
        options: how they are prepared.
        tools: as in `ChatTokenizer.prepare`.
        train_on: which messages have weight, as a member of tinker-cookbook's ``TrainOnWhat``.
        flags: whether each message is trained, for ``customized``.

    Raises:
        ValueError: ``train_on`` is unknown.
        RenderError: as for `ChatTokenizer.prepare`; or a trained answer has reasoning although the
            prompt turns thinking off.
    """
    given = unweighted(as_conversation(chat))
    roles = [message.role for message in given.messages]
    asked = max((at for at, role in enumerate(roles[:-1]) if role == "user"), default=-1)
    first = len(roles) - 1 if train_on == "last_assistant_message" else asked + 1
    trained = _trained(train_on, roles, first, flags)
    form = tok.format
    prepared, _ = prepare_answers(
        form.name,
        form.preparation,
        given,
        answers=first if roles[-1:] == ["assistant"] else None,
        tools=tools,
        values=options.values,
        history=options.history,
        thinking=options.thinking,
    )
    for message, origin in zip(prepared.messages, prepared.origins, strict=True):
        thinks = message.reasoning or message.channel == "analysis"
        is_answer = "assistant" in train_on and origin is not None and trained[origin]
        if options.thinking is False and is_answer and thinks:
            reason = "expected no reasoning in a trained answer: the prompt says there is none"
            raise RenderError(reason, form.name, origin, "reasoning")

    def weight(_: Message, index: int) -> float:
        origin = prepared.origins[index]
        return float(origin is not None and trained[origin])

    example = tok.encode_for_training(prepared, train_on=weight, allow_untrained=True)
    ids, weights, last = example.input_ids, example.weights, tok.render(prepared).spans[-1:]
    if last and last[0].part == "tail":  # it only separates the message from the next one
        ids, weights = ids[: last[0].start], weights[: last[0].start]
    if train_on == "all_tokens":
        before = len(tok.encode([]))
        weights = [0.0] * before + [1.0] * (len(ids) - before)
    return ids, weights


def _trained(
    train_on: str, roles: Sequence[str], first: int, flags: Sequence[bool]
) -> Sequence[bool]:
    """Whether each message is trained; the last turn begins at ``first``."""
    match train_on:
        case "last_assistant_message" | "last_assistant_turn":
            return [role == "assistant" and at >= first for at, role in enumerate(roles)]
        case "all_assistant_messages":
            return [role == "assistant" for role in roles]
        case "all_user_and_system_messages":
            return [role in ("user", "system") for role in roles]
        case "all_messages" | "all_tokens":
            return [True] * len(roles)
        case "customized":
            return flags
    raise ValueError(f"expected a member of TrainOnWhat, found {shown(train_on)}")
