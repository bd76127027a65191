"""``chatfmt text``: conversations to the text that their ids spell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._input import add_input, conversation, for_each
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
        "text", help="conversations to the text that their ids spell, a JSON string a line"
    )
    add_tokenizer(parser)
    add_preparation(parser)
    parser.add_argument(
        "--prompt", action="store_true", help="with the beginning of the assistant's next reply"
    )
    add_input(parser, "conversations")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the text of each conversation."""
    tok = tokenizer(args)
    ready = preparing(tok, preparation(args, tok.format))
    return for_each(
        args.file,
        lambda value: print_json(tok.text(ready(conversation(value)), prompt=args.prompt)),
    )
