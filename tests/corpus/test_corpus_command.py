"""Messages of ``chatfmt tokenize`` when a run gives nothing, is stopped, or continues."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from chatfmt.cli import main
from chatfmt.corpus.summary import _kind
from corpus_data import BAD_LINES, command, contents, finish, lines, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("rows", "where", "said"),
    [
        ([], "", "no examples: the input has no rows"),
        ([b"[]"] * 3, "", "all 3 rows were refused, most often because: expected an object"),
        ([b"{}"] * 3, "where = { a = 1 }", "all 3 rows were left out, as the mixture asks"),
        ([b'{"a": 1}', b"{}"], "where = { a = 1 }", "of 2 rows, 1 were left out, as the mixture"),
    ],
    ids=["empty", "refused", "left out", "both"],
)
def test_a_run_that_gives_nothing_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[bytes], where: str, said: str
) -> None:
    write(tmp_path / "a.jsonl", rows)
    text = f'[[source]]\nname = "a"\npaths = ["a.jsonl"]\n{where}\n'
    (tmp_path / "mixture.toml").write_text(text)
    out = str(tmp_path / "out")
    assert main(["tokenize", str(tmp_path / "mixture.toml"), "-o", out, "--workers", "1"]) == 0
    printed = capsys.readouterr()
    assert said in printed.err
    assert json.loads(printed.out)["output"] == 0


def test_a_run_that_gives_something_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.jsonl", [*lines(1), *BAD_LINES])
    assert main(["tokenize", str(tmp_path / "a.jsonl"), "-o", str(tmp_path / "out")]) == 0
    assert "no examples" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("unknown role 'cook' (format gpt-4o)", "unknown role '…' (format gpt-4o)"),
        ("o200k_im has no token 200264", "o200k_im has no token N"),
        ("phi-4, gpt-3.5-turbo and llama-3 differ", "phi-4, gpt-3.5-turbo and llama-3 differ"),
        ("messages[12].tool_calls[0].id: missing", "messages[N].tool_calls[N].id: missing"),
        ("found the number -1.5e+10.", "found the number N."),
        ("found byte 0xff at byte 35 of the line", "found byte N at byte N of the line"),
        ("at most 67,108,864 bytes, found 2,147,483,648;", "at most N bytes, found N;"),
    ],
)
def test_numbers_are_masked_but_not_in_names(reason: str, kind: str) -> None:
    assert _kind(reason) == kind


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(300_000, bad_every=50))  # enough not to be done too soon
    arguments = [tmp_path / "a.jsonl", "--format", "gpt-4", "--shard-tokens", 100_000]
    arguments += ["--workers", 2, "-o", tmp_path / "out"]
    run = command(*arguments)
    while not list((tmp_path / "out").glob("*.parquet")):
        time.sleep(0.05)
        assert run.poll() is None
    run.send_signal(signal.SIGINT)
    code, error = finish(run)
    assert code == 130
    assert "Traceback" not in error
    assert error.splitlines()[-1] == (
        "chatfmt tokenize: interrupted: repeat the command with --resume to continue, or with "
        "--overwrite to start again"
    )
    left = {name for name in contents(tmp_path / "out") if not name.startswith("shard-")}
    assert left == {"rejects.jsonl"}
