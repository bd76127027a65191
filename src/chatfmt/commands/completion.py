"""``chatfmt completion``: print a script that lets a shell complete commands and options."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "completion",
        help="print a script that lets a shell complete commands (extra cli)",
        description="Print a script that lets a shell complete commands and options. For bash, put "
        '`eval "$(chatfmt completion bash)"` into ~/.bashrc; for zsh, write the script '
        "to a file named _chatfmt in a folder that $fpath lists.",
    )
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"], help="the shell that will run it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    try:
        import shtab
    except ImportError:
        raise ImportError("completion needs shtab: pip install 'chatfmt[cli]'") from None
    sys.stdout.write(shtab.complete(args.parser, shell=args.shell) + "\n")
    return 0
