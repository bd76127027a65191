"""``chatfmt formats``: print the table of formats."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from chatfmt.line.formats import FORMAT_ROWS
from chatfmt.prepare.summary import summary
from chatfmt.prepare.words import read_words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "formats",
        help="list all formats, with their sources",
        description="Print the table of formats: the lines of each, its preparation, its bundled "
        "encoding and its source.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:  # noqa: ARG001 - it has no options
    """Print every row of the table."""
    for name, row in FORMAT_ROWS.items():
        sys.stdout.write(f"{name}\n")
        for label, text in _lines(row):
            sys.stdout.write(f"  {label:<10} {_visible(text)}\n")
    return 0


def _lines(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    # Read from the rows directly, because building and proving every format takes seconds.
    if row.get("prologue"):
        yield "prologue", row["prologue"]
    template = row["template"]
    for role, lines in template.items() if isinstance(template, dict) else [("template", template)]:
        for line in lines if isinstance(lines, list) else [lines]:
            yield role, line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
    if done := summary(read_words(row.get("prepare", ()))):
        yield "prepare", done
    yield "encoding", row.get("encoding") or "none bundled: give the model's own"
    yield "source", row["source"]


def _visible(text: str) -> str:
    return text.replace("\n", r"\n")
