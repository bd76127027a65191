"""``chatfmt prompt``: conversations to prompts for the next reply."""

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
        "prompt",
        help="prompts for the assistant's next reply, a list a line",
        description="Encode conversations as prompts, up to where the model begins its reply. "
        "Prints a list of token ids a line, as JSON.",
    )
    add_tokenizer(parser)
    add_preparation(parser, thinking=True)
    add_input(parser, "conversations")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the ids of each conversation and of the beginning of a reply."""
    tok = tokenizer(args)
    ready = preparing(tok, preparation(args, tok.format))
    return for_each(
        args.file,
        lambda value: print_json(
            tok.encode_prompt(ready(conversation(value)), thinking=args.thinking)
        ),
    )
