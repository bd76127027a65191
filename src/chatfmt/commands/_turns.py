"""The option ``--turns``: a conversation as a whole, or as the model saw it at each turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.commands._prepare import made_ready, preparation
from chatfmt.errors import DataError
from chatfmt.training.turns import answers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from chatfmt.conversation import Conversation
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["add_turns", "histories", "turns_of"]


def add_turns(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    each: str = "one conversation per turn of the assistant, with everything before it; with "
    "--prepare, as the model would see it",
) -> None:
    """Add the option that `turns_of` and `histories` read."""
    parser.add_argument(
        "--turns",
        choices=("whole", "each"),
        default="whole",
        help=f"each: {each} (default: %(default)s)",
    )


def turns_of(
    tok: ChatTokenizer, args: argparse.Namespace, look: Callable[[Conversation], None]
) -> Callable[[Conversation], list[Conversation]]:
    """A function that returns what a command uses of a conversation: one, or one for each turn.

    It checks each conversation first, and raises a DataError if the assistant has no turn in it.
    """

    def make(chat: Conversation, asked: dict[str, Any] | None) -> list[Conversation]:
        if args.turns == "whole":
            return [chat if asked is None else tok.prepare(chat, **asked)]
        if asked is None:
            return _some(tok.turns(chat))
        del asked["thinking"]  # each answer itself says whether it thinks
        return _some(tok.turns(chat, prepare=True, **asked))

    return made_ready(tok, preparation(args, tok.format), look, make)


def histories(
    tok: ChatTokenizer, args: argparse.Namespace, look: Callable[[Conversation], None]
) -> Callable[[Conversation], list[Conversation]]:
    """A function that returns what comes before each prompt of a conversation.

    With ``--turns each`` there is a prompt before each answer, and one at the end if the
    conversation does not end with an answer.
    """

    def make(chat: Conversation, asked: dict[str, Any] | None) -> list[Conversation]:
        stops = [len(chat.messages)]
        if args.turns == "each":
            stops = [written.start for turn in answers(chat.messages) for written in turn]
            if chat.messages and chat.messages[-1].role != "assistant":
                stops.append(len(chat.messages))
        parts = [chat.model_copy(update={"messages": chat.messages[:stop]}) for stop in stops]
        return parts if asked is None else [tok.prepare(part, **asked) for part in parts]

    return made_ready(tok, preparation(args, tok.format), look, make)


def _some(found: list[Conversation]) -> list[Conversation]:
    if not found:
        raise DataError("--turns each: expected an answer of the assistant, found none")
    return found
