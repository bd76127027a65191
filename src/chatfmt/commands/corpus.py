"""``chatfmt corpus``: verify or export a corpus that ``chatfmt tokenize`` wrote."""

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
        help="verify a corpus of chatfmt tokenize, or export it to other files",
        description="Work with a corpus that `chatfmt tokenize` wrote.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "check",
        help="compare a corpus with its manifest",
        description=(
            "Check the size, digest, columns and counts of every file in a manifest. Prints "
            "the counts as JSON, and each error on a line of standard error."
        ),
        epilog="Exit codes: 0; 1 when something is wrong; 2 when there is no corpus to check.",
    )
    verify.add_argument("folder", metavar="FOLDER", help="the folder of the corpus, or its URL")
    export = actions.add_parser(
        "export",
        help="write a corpus as files of another kind, or in a trainer's columns",
        description=(
            "Check a finished corpus, and write its examples into a new folder. Prints what was "
            "written as JSON."
        ),
    )
    export.add_argument("folder", metavar="FOLDER", help="the folder of the corpus, or its URL")
    export.add_argument(
        "--to",
        metavar="KIND",
        default="parquet",
        help="jsonl, arrow (for load_from_disk of datasets), npy, megatron (.bin and .idx) or "
        "parquet (default: %(default)s)",
    )
    export.add_argument(
        "--for",
        dest="trainer",
        metavar="TRAINER",
        help="the columns of a trainer: trl, trl-dpo, trl-reward, trl-grpo, axolotl, llamafactory, "
        "torchtune or nemo (default: all columns)",
    )
    export.add_argument(
        "-o", "--out", metavar="FOLDER", required=True, help="folder for the files, or its URL"
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
