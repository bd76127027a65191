"""``chatfmt show``: print conversations as tokens, coloured by part."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.commands._conversations import Lost, add_conversations, for_each_conversation
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._prepare import add_preparation
from chatfmt.commands._turns import add_turns, turns_of
from chatfmt.errors import DataError
from chatfmt.prepare.prepared import Prepared

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers
    from chatfmt.conversation import Conversation

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "show",
        help="print the tokens of conversations, coloured by part",
        description="Print the tokens of conversations, coloured by part, or write them to an "
        "HTML page.",
    )
    add_tokenizer(parser)
    add_preparation(parser)
    add_turns(parser)
    parser.add_argument("--ids", action="store_true", help="show the id of every token")
    parser.add_argument(
        "--whitespace", action="store_true", help="show white space as symbols such as ·"
    )
    parser.add_argument("--weights", action="store_true", help="highlight trained tokens")
    parser.add_argument(
        "--html",
        metavar="OUT",
        help="write an HTML page instead; the input must be a single conversation",
    )
    add_conversations(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each conversation as tokens, or write the only one to a page."""
    from chatfmt.show import print_changes, print_transcript, to_html

    tok = tokenizer(args)
    ready = turns_of(tok, args, Lost(tok, args))
    options = {"ids": args.ids, "whitespace": args.whitespace, "weights": args.weights}
    written = False

    def show(chat: Conversation) -> None:
        nonlocal written
        changes = chat.changes if isinstance(chat, Prepared) else ()
        transcript = tok.render(chat)
        if args.html is None:
            print_changes(changes, file=sys.stdout)
            print_transcript(transcript, **options, file=sys.stdout)
        elif written:
            raise DataError("expected one conversation for --html, found more")
        else:
            page = to_html(transcript, **options, changes=changes)
            Path(args.html).write_text(page, "utf-8", newline="\n")
            written = True

    def work(conversation: Conversation) -> None:
        for chat in ready(conversation):
            show(chat)

    return for_each_conversation(args, work)
