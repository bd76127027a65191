"""``chatfmt corpus``: what can be done with a corpus that ``chatfmt tokenize`` has written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.commands._output import one_line, print_json

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "corpus",
        help="verify what chatfmt tokenize has written",
        description="Work with a corpus that `chatfmt tokenize` has written.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "check",
        help="compare a corpus with its manifest",
        description=(
            "Read every file that the manifest of a corpus names: size, digest, columns and "
            "counts. Prints the counts as JSON, and what is wrong, a line each, to standard error."
        ),
        epilog="Exit codes: 0; 1 when something is wrong; 2 when there is no corpus to check.",
    )
    verify.add_argument("folder", metavar="FOLDER", type=Path, help="the folder of the corpus")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the corpus and print its counts."""
    from chatfmt.corpus.checked import check

    checked = check(args.folder)
    for fault in checked.faults:
        sys.stderr.write(one_line(f"{args.folder}: {fault}") + "\n")
    print_json(
        {
            "files": checked.files,
            "bytes": checked.size,
            "rows": checked.rows,
            "tokens": checked.tokens,
            "faults": len(checked.faults),
        }
    )
    return 1 if checked.faults else 0
