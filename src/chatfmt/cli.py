"""The command line: ``chatfmt COMMAND``. The commands are the modules of `chatfmt.commands`.

Exit codes: 0 on success; 1 if a line of the input was bad; 2 if the command could not run as
given. A reader of the output that leaves early, such as ``head``, is not an error.
"""

from __future__ import annotations

import argparse
import io
import pkgutil
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from chatfmt import commands
from chatfmt.commands._output import one_line, reader_may_leave
from chatfmt.commands._parser import Parser
from chatfmt.errors import ChatfmtError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Raises:
        SystemExit: argparse has printed its help (0) or an error in the arguments (2).
    """
    # Output is UTF-8 with "\n" as line end, whatever the locale and platform.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    with reader_may_leave():
        return _run(argv)
    return 0  # no one reads the rest


def _run(argv: Sequence[str] | None) -> int:
    parser = _parser()
    args = parser.parse_args(argv, argparse.Namespace(parser=parser))
    if "run" not in args:
        parser.print_help(sys.stderr)
        return 2
    try:
        code: int = args.run(args)
    except BrokenPipeError:
        raise
    except (ChatfmtError, OSError, ImportError) as error:
        sys.stderr.write(f"chatfmt {args.command}: error: {one_line(_reason(error))}\n")
        return 2
    except KeyboardInterrupt:
        return 130  # as in shells: 128 plus the number of the signal
    return code


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _parser() -> Parser:
    parser = Parser(
        prog="chatfmt",
        description="Turn conversations into token ids and back, exactly.",
        epilog="Exit codes: 0 on success; 1 if a line of the input was bad; 2 for any other error.",
    )
    parser.add_version("chatfmt")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for module in pkgutil.iter_modules(commands.__path__):
        if not module.name.startswith("_"):
            import_module(f"{commands.__name__}.{module.name}").add(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
