"""``chatfmt text``: print the text that the ids of conversations spell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._conversations import Lost, add_conversations, for_each_conversation
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import print_json
from chatfmt.commands._prepare import add_preparation
from chatfmt.commands._turns import add_turns, histories, turns_of

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers
    from chatfmt.conversation import Conversation

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "text",
        help="print the text that the ids of conversations spell, one JSON string per line",
        description="Print the text that the ids of conversations spell, special tokens included, "
        "as one JSON string per line.",
    )
    add_tokenizer(parser)
    add_preparation(parser)
    add_turns(parser)
    parser.add_argument(
        "--prompt",
        action="store_true",
        help="add the generation prompt for the assistant's next reply",
    )
    add_conversations(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the text of each conversation."""
    tok = tokenizer(args)
    ready = (histories if args.prompt else turns_of)(tok, args, Lost(tok, args))

    def work(chat: Conversation) -> None:
        for text in [tok.text(one, prompt=args.prompt) for one in ready(chat)]:
            print_json(text)

    return for_each_conversation(args, work)
