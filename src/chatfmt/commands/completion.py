"""``chatfmt completion``: a script that lets a shell complete commands and options."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "completion",
        help="completion of commands and options for a shell (extra cli)",
        description="Print a script that lets a shell complete commands and options. For bash, put "
        '`eval "$(chatfmt completion bash)"` into ~/.bashrc; for zsh, write it to a file _chatfmt '
        "in a folder of $fpath.",
    )
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    try:
        import shtab
    except ImportError:
        raise ImportError("completion needs shtab: pip install 'chatfmt[cli]'") from None
    sys.stdout.write(shtab.complete(args.parser, shell=args.shell) + "\n")
    return 0
