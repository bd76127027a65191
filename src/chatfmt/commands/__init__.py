"""The commands of the command line, one module each.

A module here is a command, called like its file, as soon as it has two functions::

    def add(subparsers: Subparsers) -> None:
        parser = subparsers.add_parser("count", help="...")
        parser.set_defaults(run=run)

    def run(args: argparse.Namespace) -> int:   # the exit code
        ...

Every run of ``chatfmt`` imports all of them, so heavy and optional libraries are imported inside
``run``. What ``run`` raises as `ChatfmtError`, `OSError` or `ImportError` ends the command with
that message and exit code 2. Modules that begin with an underscore are no commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import argparse

__all__ = ["Subparsers"]

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
