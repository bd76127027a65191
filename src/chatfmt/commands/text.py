"""``chatfmt text``: print the text that the ids of conversations spell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._conversations import Lost, add_conversations, for_each_conversation
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import print_json
from chatfmt.commands._prepare import add_preparation, preparation, preparing

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

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
    ready = preparing(tok, preparation(args, tok.format), Lost(tok, args))
    return for_each_conversation(
        args, lambda chat: print_json(tok.text(ready(chat), prompt=args.prompt))
    )
