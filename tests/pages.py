"""Pages of the documentation as programs: their files, their Python and their command lines.

The tests of other pages have runners of their own; this one is for pages of many small parts, each
of which starts with only the files of the page.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
import sys
from pathlib import Path
from typing import Any, NamedTuple

from chatfmt.cli import main

__all__ = ["Block", "blocks", "docs_program", "run_line"]

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:echo '(?P<said>[^']*)' \| )?chatfmt (?P<arguments>.*)")


def docs_program(name: str) -> Any:
    """A program of the documentation as a module; its folder is not one of modules."""
    path = Path(__file__).parents[1] / "docs" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


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
