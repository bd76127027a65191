"""``chatfmt convert``: convert rows of any readable schema to another schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._data import FILES, add_policies, for_each_row
from chatfmt.commands._output import print_json
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    import argparse

    from chatfmt.adapters import Reading
    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "convert",
        help="convert rows of a data set to another schema",
        description="Read rows of a data set in any known schema, and print them in another one: "
        "one JSON object per line.",
    )
    add_policies(parser)
    parser.add_argument(
        "--to",
        metavar="SCHEMA",
        default="openai",
        help="the schema to write, such as sharegpt (default: %(default)s)",
    )
    parser.add_argument("file", metavar="FILE", help=FILES)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the result of each row, one object per line."""
    from chatfmt.adapters import SCHEMAS, write_row

    known = [name for name, schema in SCHEMAS.items() if schema.write is not None]
    if args.to not in known:
        raise DataError(
            f"expected a schema that can be written ({', '.join(known)}), found {shown(args.to)}"
        )

    def work(reading: Reading) -> None:
        # All of a row is converted first, so that a bad one prints nothing.
        for row in [write_row(item, args.to) for item in reading.items]:
            print_json(row)

    _, bad = for_each_row(args.file, args, work)
    return 1 if bad else 0
