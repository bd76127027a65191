"""docs/your-format.md runs as written."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.cli import main

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[1] / "docs" / "your-format.md"
TEXT = PAGE.read_text("utf-8")


def test_the_code_runs_and_prints_what_it_says() -> None:
    output: list[str] = []
    results = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(TEXT, {}, PAGE.name, str(PAGE), 0), out=output.append
    )
    assert results.failed == 0, "".join(output)
    assert results.attempted == TEXT.count("\n>>> ") > 10


def test_the_file_and_the_command_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    [(name, row)] = re.findall(r"^```toml (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    Path(name).write_text(row, "utf-8")
    Path("chat.json").write_text('[{"role": "user", "content": "hello"}]', "utf-8")
    [command] = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr() == ("6\n", "")
