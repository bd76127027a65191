"""``chatfmt export-hf``: write a tokenizer as a directory for transformers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.commands._options import add_tokenizer, tokenizer

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "export-hf",
        help="write a directory that transformers' AutoTokenizer can load",
        description="Write a directory that AutoTokenizer.from_pretrained can load: the "
        "vocabulary, a chat template that writes what the format writes, and the stop tokens.",
    )
    parser.add_argument(
        "directory", metavar="DIR", help="the directory to write; it must be empty or not exist yet"
    )
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="let the chat template also prepare messages as the model's own does: add the system "
        "message, trim texts, drop reasoning, write tool definitions",
    )
    add_tokenizer(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the directory, and print what is in it."""
    from chatfmt.templates import export_hf  # only this command needs it

    sizes = export_hf(args.directory, tokenizer(args), prepare=args.prepare)
    for name, size in sizes.items():
        sys.stdout.write(f"{Path(args.directory) / name}: {size:,} bytes\n")
    return 0
