"""Print one JSON document per line, and messages on one line."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from typing import TYPE_CHECKING

from chatfmt.commands._hints import for_command_line
from chatfmt.errors import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["one_line", "print_json", "reader_may_leave"]

# JSON leaves these characters unescaped, but some tools end a line at them, and some terminals
# begin a command.
_APART = re.compile("[\x7f-\x9f\u2028\u2029]")

_LONGEST = 4000  # how much of a message is shown: it may quote text as long as the input


def print_json(value: object) -> None:
    """Write a value to standard output as one line of JSON."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(_APART.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def one_line(message: str) -> str:
    r"""A message on one line: invisible characters escaped, hints as options, cut if too long.

    >>> one_line("not\nJSON")
    'not\\nJSON'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in for_command_line(bounded(message, _LONGEST))
    )


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Drop the rest of the output quietly once its reader is gone."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes both streams at exit; by then they must lead somewhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
