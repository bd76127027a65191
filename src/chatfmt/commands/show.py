"""``chatfmt show``: conversations as their tokens, by part."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.commands._input import add_input, conversation, for_each
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._prepare import add_preparation, preparation, preparing
from chatfmt.errors import DataError
from chatfmt.prepare.prepared import Prepared

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "show",
        help="the tokens of conversations, by part",
        description="Print the tokens of conversations, coloured by part, or write them to a page "
        "of HTML.",
    )
    add_tokenizer(parser)
    add_preparation(parser)
    parser.add_argument("--ids", action="store_true", help="the id of every token")
    parser.add_argument("--whitespace", action="store_true", help="signs for white space")
    parser.add_argument("--weights", action="store_true", help="what is trained stands out")
    parser.add_argument(
        "--html", metavar="OUT", help="write the one conversation to a page of HTML instead"
    )
    add_input(parser, "conversations")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each conversation as its tokens, or write the one there is to a page."""
    from chatfmt.show import print_changes, print_transcript, to_html

    tok = tokenizer(args)
    ready = preparing(tok, preparation(args, tok.format))
    options = {"ids": args.ids, "whitespace": args.whitespace, "weights": args.weights}
    written = False

    def show(value: object) -> None:
        nonlocal written
        chat = ready(conversation(value))
        changes = chat.changes if isinstance(chat, Prepared) else ()
        transcript = tok.render(chat)
        if args.html is None:
            print_changes(changes, file=sys.stdout)
            print_transcript(transcript, **options, file=sys.stdout)
        elif written:
            raise DataError("expected one conversation for --html, found another")
        else:
            page = to_html(transcript, **options, changes=changes)
            Path(args.html).write_text(page, "utf-8", newline="\n")
            written = True

    return for_each(args.file, show)
