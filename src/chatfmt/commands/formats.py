"""``chatfmt formats``: the table of formats."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from chatfmt.line.formats import FORMAT_ROWS, get_format

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from chatfmt.commands import Subparsers
    from chatfmt.line.format import ChatFormat

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "formats",
        help="the table of formats, with their sources",
        description="Print the table of formats: the lines of each, its stop tokens, models and "
        "source.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:  # noqa: ARG001 - it has no options
    """Print every row of the table."""
    for name in FORMAT_ROWS:
        sys.stdout.write(f"{name}\n")
        for label, text in _lines(get_format(name)):
            sys.stdout.write(f"  {label:<10} {_visible(text)}\n")
    return 0


def _lines(format: ChatFormat) -> Iterator[tuple[str, str]]:
    if format.prologue:
        yield "prologue", format.prologue
    if isinstance(format.template, str):
        yield "template", format.template
    else:
        for role, lines in format.template.items():
            for line in lines if isinstance(lines, list) else [lines]:
                yield role, line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
    if format.preparation_summary:
        yield "prepare", format.preparation_summary
    yield "encoding", format.encoding or "yours"
    yield "source", format.source


def _visible(text: str) -> str:
    return text.replace("\n", r"\n")
