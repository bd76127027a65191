"""docs/inference.md is true: its code runs and prints what it says, its tables are complete."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from chatfmt import Cause, Completion

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "inference.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_code_runs_and_prints_what_it_says() -> None:
    assert len(BLOCKS) == TEXT.count("```") / 2
    code = "\n".join(content for language, content in BLOCKS if language == "python")
    output: list[str] = []
    results = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(code, {}, PAGE.name, str(PAGE), 0), out=output.append
    )
    assert results.failed == 0, "".join(output)
    assert results.attempted > 40


@pytest.mark.skipif(shutil.which("sh") is None, reason="the commands are for a shell")
def test_the_commands_print_what_they_say(tmp_path: Path) -> None:
    [block] = [content for language, content in BLOCKS if language == "console"]
    commands = re.findall(r"^\$ (.*)$", block, re.MULTILINE)
    command = tmp_path / "chatfmt"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chatfmt.cli "$@"\n', "utf-8")
    command.chmod(0o755)
    done = subprocess.run(  # noqa: S602 - the page's own lines
        "\n".join(commands),
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        line for line in block.splitlines() if not line.startswith("$")
    ]


def test_the_tables_have_every_stop_reason_and_every_cause() -> None:
    for reason in get_args(get_type_hints(Completion)["stop_reason"]):
        assert f'| `"{reason}"` |' in TEXT
    for cause in Cause:
        assert f"| `{cause}` |" in TEXT


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
