"""``chatfmt decode``: turn ids into conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._input import add_input, for_each, ids_of
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import print_json

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "decode",
        help="decode lists of ids to conversations, one per line",
        description="Decode lists of token ids. Prints one conversation per line, as JSON.",
    )
    add_tokenizer(parser)
    add_input(parser, "lists of ids")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the conversation of each list of ids."""
    tok = tokenizer(args)

    def work(value: object) -> None:
        decoded = tok.decode(ids_of(value))
        messages = [message.model_dump(exclude_none=True) for message in decoded.messages]
        print_json({"messages": messages})

    return for_each(args.file, work)
