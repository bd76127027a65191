"""The commands of the command line, one module each.

Each module here is the command that its file is named after, and has two functions::

    def add(subparsers: Subparsers) -> None:
        parser = subparsers.add_parser("count", help="...")
        parser.set_defaults(run=run)

    def run(args: argparse.Namespace) -> int:   # the exit code
        ...

Every run of ``chatfmt`` imports all of them, so heavy and optional libraries are imported inside
``run``. A `ChatfmtError`, `OSError` or `ImportError` from ``run`` ends the command with its message
and exit code 2. Modules that begin with an underscore are not commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import argparse

__all__ = ["Subparsers"]

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
