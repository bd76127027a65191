"""``chatfmt prompt``: encode conversations as prompts for the next reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._conversations import Lost, add_conversations, for_each_conversation
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import print_json
from chatfmt.commands._prepare import add_preparation
from chatfmt.commands._turns import add_turns, histories

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers
    from chatfmt.conversation import Conversation

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "prompt",
        help="encode prompts for the assistant's next reply, one list per line",
        description="Encode conversations as prompts, up to where the model begins its reply. "
        "Prints one list of token ids per line, as JSON.",
    )
    add_tokenizer(parser)
    add_preparation(parser, thinking=True)
    add_turns(parser, "one prompt before each answer of the assistant")
    add_conversations(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the ids of each conversation and of the beginning of a reply."""
    tok = tokenizer(args)
    before = histories(tok, args, Lost(tok, args))

    def work(chat: Conversation) -> None:
        for ids in [tok.encode_prompt(one, thinking=args.thinking) for one in before(chat)]:
            print_json(ids)

    return for_each_conversation(args, work)
