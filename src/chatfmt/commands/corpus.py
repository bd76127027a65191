"""``chatfmt corpus``: check or export a corpus that ``chatfmt tokenize`` wrote."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from chatfmt.commands._output import one_line, print_json

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run", "run_export"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "corpus",
        help="check a corpus that chatfmt tokenize wrote, or export it to other files",
        description="Check or export a corpus that `chatfmt tokenize` wrote.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "check",
        help="compare a corpus with its manifest",
        description=(
            "Check the size, digest, columns and counts of every file in a manifest. Prints "
            "the counts as JSON, and each error on a line of its own to standard error."
        ),
        epilog="Exit codes: 0 if the corpus is intact; 1 if it is not; 2 if there is none.",
    )
    verify.add_argument("folder", metavar="FOLDER", help="the folder of the corpus, or its URL")
    export = actions.add_parser(
        "export",
        help="write a corpus as files of another kind, or in a trainer's columns",
        description=(
            "Check a finished corpus, and write its examples to a new folder. Prints as JSON what "
            "was written."
        ),
    )
    export.add_argument("folder", metavar="FOLDER", help="the folder of the corpus, or its URL")
    export.add_argument(
        "--to",
        metavar="KIND",
        default="parquet",
        help="the kind of file: jsonl, arrow (for load_from_disk of datasets), npy, megatron (.bin "
        "and .idx) or parquet (default: %(default)s)",
    )
    export.add_argument(
        "--for",
        dest="trainer",
        metavar="TRAINER",
        help="write only the columns that a trainer expects: trl, trl-dpo, trl-reward, trl-grpo, "
        "axolotl, llamafactory, torchtune or nemo (default: all columns)",
    )
    export.add_argument(
        "-o", "--out", metavar="FOLDER", required=True, help="the folder to write to, or its URL"
    )
    verify.set_defaults(run=run)
    export.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Export the corpus and print what was written."""
    from chatfmt.corpus.export import export

    print_json(export(args.folder, args.out, args.to, args.trainer))
    return 0


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
