"""The README is true: its code runs and prints what it says, and its links are right."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = (ROOT / "docs" / "command-line.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README + COMMANDS, re.MULTILINE | re.DOTALL)


def test_every_block_says_what_it_is() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "console", "text", "sh"}


def test_python_blocks_run_and_print_what_they_say() -> None:
    text = "\n".join(code for language, code in BLOCKS if language == "python")
    example = doctest.DocTestParser().get_doctest(text, {}, "README.md", None, None)
    assert len(example.examples) > 15
    output: list[str] = []
    result = doctest.DocTestRunner().run(example, out=output.append)
    assert result.failed == 0, "".join(output)


CONSOLE = [
    (command, expected)
    for language, code in BLOCKS
    if language == "console"
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", code, re.MULTILINE)
]


def test_console_blocks_were_found() -> None:
    assert len(CONSOLE) > 3


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `chatfmt` is the code under test, installed or not."""
    directory = tmp_path_factory.mktemp("bin")
    command = directory / "chatfmt"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chatfmt.cli "$@"\n', "utf-8")
    command.chmod(0o755)
    return os.environ | {"PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.skipif(shutil.which("sh") is None, reason="the console blocks are for a shell")
@pytest.mark.parametrize(("command", "expected"), CONSOLE)
def test_console_blocks_print_what_they_say(
    command: str, expected: str, environment: dict[str, str]
) -> None:
    done = subprocess.run(  # noqa: S602 - the README's own lines
        command,
        shell=True,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.stdout == expected


def test_the_page_of_commands_names_them_all() -> None:
    named = set(re.findall(r"^\| `chatfmt ([\w-]+)", COMMANDS, re.MULTILINE))
    modules = (ROOT / "src" / "chatfmt" / "commands").glob("[a-z]*.py")
    assert named == {path.stem.rstrip("_").replace("_", "-") for path in modules}


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
