"""``chatfmt explain``: show where two lists of ids differ, and why."""

from __future__ import annotations

import sys
from itertools import zip_longest
from typing import TYPE_CHECKING

from chatfmt.commands._conversations import conversations_of
from chatfmt.commands._input import ids_of, results
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import one_line, print_json, reader_may_leave
from chatfmt.commands._prepare import add_preparation, preparation, preparing
from chatfmt.errors import DataError
from chatfmt.prepare.prepared import Prepared

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from chatfmt.commands import Subparsers
    from chatfmt.conversation import Conversation
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "explain",
        help="show where the ids of two files differ, and why",
        epilog="Exit codes, as for diff: 0 if all lists are the same; 1 if some differ or a line "
        "was bad; 2 for any other error.",
        description="Compare the lists of token ids in two files, line by line. Prints where they "
        "differ, and why.",
    )
    add_tokenizer(parser)
    for name in ("a", "b"):
        parser.add_argument(
            name,
            metavar=name.upper(),
            help="lists of ids: one JSON document, or one per line; - is standard input",
        )
    add_preparation(parser)
    parser.add_argument(
        "--conversations",
        metavar="FILE",
        help="with --prepare: the conversation of each list; if one list was prepared and the "
        "other was not, the output says what the preparation did",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per line, for programs"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the first difference of each pair of lists; print nothing if all agree."""
    tok = tokenizer(args)
    if args.a == args.b == "-":
        raise DataError("expected two files, found standard input for both")
    if bool(args.conversations) != bool(args.prepare):
        raise DataError(
            "expected both --prepare and --conversations, found only one: together "
            "they say what was prepared, and how"
        )
    same = True
    with reader_may_leave():
        pairs = zip_longest(results(args.a, ids_of), results(args.b, ids_of))
        for (a, b), prepared in zip(pairs, _prepared(args, tok), strict=False):
            if a is None or b is None:
                (place, _), other = (b, args.a) if a is None else (a, args.b)
                reason = f"{place}: expected as many lists as in {other}, found one more"
                sys.stderr.write(one_line(reason) + "\n")
                return 1
            (place_a, ids_a), (place_b, ids_b) = a, b
            if ids_a is None or ids_b is None:
                same = False
                continue
            found = tok.explain(ids_a, ids_b, prepared=prepared)
            if found is None:
                continue
            same = False
            if args.json:
                print_json({"a": place_a, "b": place_b, **found._asdict()})
            else:
                sys.stdout.write(f"{one_line(f'{place_a}, {place_b}')}: {found}\n")
    return 0 if same else 1


def _prepared(args: argparse.Namespace, tok: ChatTokenizer) -> Iterator[Prepared | None]:
    """Each conversation, prepared; after the last, None without end."""
    ready = preparing(tok, preparation(args, tok.format), lambda _: None)
    for _, given in results(args.conversations, _read) if args.conversations else ():
        if given is None:  # its error has been reported
            yield None
            continue
        for conversation in given:
            prepared = ready(conversation)
            yield prepared if isinstance(prepared, Prepared) else None
    while True:
        yield None


def _read(value: object) -> list[Conversation]:
    from chatfmt.adapters.anything import read_value

    return [chat for _, item in read_value(value) for chat in conversations_of(item)]
