"""``chatfmt count``: count the ids of conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._conversations import Lost, add_conversations, for_each_conversation
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import print_json
from chatfmt.commands._prepare import add_preparation
from chatfmt.commands._turns import add_turns, turns_of

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers
    from chatfmt.conversation import Conversation

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "count",
        help="count the token ids of conversations, one number per line",
        description="Count the token ids of conversations. Prints one number per line.",
    )
    add_tokenizer(parser)
    add_preparation(parser)
    add_turns(parser)
    add_conversations(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the number of ids of each conversation."""
    tok = tokenizer(args)
    ready = turns_of(tok, args, Lost(tok, args))

    def work(chat: Conversation) -> None:
        for number in [tok.count(one) for one in ready(chat)]:
            print_json(number)

    return for_each_conversation(args, work)
