"""Pages of the documentation as programs: their files, their Python and their command lines.

The other tests of pages have runners of their own; this one is for pages of many small parts, each
of which begins with nothing but the files of the page.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from typing import NamedTuple

from chatfmt.cli import main

__all__ = ["Block", "blocks", "run_line"]

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:echo '(?P<said>[^']*)' \| )?chatfmt (?P<arguments>.*)")


class Block(NamedTuple):
    """A block of code on a page."""

    language: str
    name: str
    """Of the file that it is; empty where it is none."""
    text: str


def blocks(text: str) -> list[Block]:
    """The blocks of a page, or of a part of one."""
    found = [Block(*groups) for groups in _BLOCK.findall(text)]
    assert len(found) == text.count("```") / 2
    return found


def run_line(line: str) -> str:
    """What a line of a console prints, to standard output and error.

    It runs in this process, with one worker: starting processes would take most of the time.
    """
    match = _COMMAND.fullmatch(line)
    assert match, f"a line begins with chatfmt, or with echo '…' | chatfmt: {line}"
    words = shlex.split(match["arguments"])
    out, given = io.StringIO(), io.TextIOWrapper(io.BytesIO(f"{match['said']}\n".encode()))
    before, sys.stdin = sys.stdin, given
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            main(words + ["--workers=1"] * (words[0] == "tokenize"))
    finally:
        sys.stdin = before
    return out.getvalue()
