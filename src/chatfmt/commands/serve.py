"""``chatfmt serve``: start the playground."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.commands._options import add_tokenizer, row_and_encoding

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "serve",
        help="start a web page that shows conversations as tokens (extra web)",
        description="Start the playground: a web page on which to edit conversations, see their "
        "tokens, and compare formats.",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8000,
        help="the port to listen on; 0 picks a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; with the default, only this machine can open the page "
        "(default: %(default)s)",
    )
    add_tokenizer(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted, with the given format and vocabulary first."""
    from chatfmt.web import serve
    from chatfmt.web.table import Table

    row, encoding = row_and_encoding(args)
    table = Table(row, encoding, path=args.encoding_file or args.model)
    serve(args.host, args.port, table=table)
    return 0
