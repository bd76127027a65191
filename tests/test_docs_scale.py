"""docs/scale.md is true: its commands and its code run, and give what the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import corpus as benchmark

import chatfmt
from chatfmt.cli import main
from chatfmt.corpus import COLUMNS
from chatfmt.corpus.arrow import pq
from corpus_data import lines, write
from heavy import heavy

TEXT = (Path(__file__).parents[1] / "docs" / "scale.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for language, name, content in BLOCKS:
        if language == "json":
            Path(name).write_text(content, encoding="utf-8")


def test_the_command_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    [console] = [content for language, _, content in BLOCKS if language == "console"]
    line, printed, told = console.splitlines()
    assert main(shlex.split(line.removeprefix("$ "))[1:]) == 0
    captured = capsys.readouterr()
    assert captured.out == printed + "\n"
    assert captured.err.endswith(told + "\n")  # and lines before, if the machine is slow
    files = {path.name for path in Path("corpus").iterdir()}
    assert files == {
        "shard-00000.parquet",
        "rejects.jsonl",
        "summary.json",
        "manifest.json",
    }
    assert all(f"`{name}`" in TEXT for name in files)


@pytest.mark.parametrize(
    "more",
    [[f"--column={name}" for name in COLUMNS], ["--pack=64"], ["--special-text=warn"]],
)
def test_every_column_is_on_the_page(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokenize", "train.jsonl", "-o", "out", "--workers=1", *more]) == 0
    assert capsys.readouterr().out
    for name in pq.read_schema("out/shard-00000.parquet").names:
        assert re.search(rf"^\|.*`{name}`.*\|.*\|$", TEXT, re.MULTILINE), name


@pytest.mark.slow
def test_the_recipe_for_datasets_gives_what_the_core_gives() -> None:
    heavy("datasets")
    rows = lines(300)
    write(Path("rows.jsonl"), rows)
    [recipe] = [content for _, name, content in BLOCKS if name == "datasets"]
    # A program of its own, as a user's is: of a package that is linked to, `datasets` pickles all
    # modules that are loaded, and other tests have loaded many.
    recipe += "\nimport json\njson.dump(train.to_list(), open('train.json', 'w'))\n"
    offline = {**os.environ, "HF_DATASETS_OFFLINE": "1", "HF_DATASETS_CACHE": str(Path("cache"))}
    subprocess.run([sys.executable, "-c", recipe], env=offline, check=True, timeout=300)  # noqa: S603
    tok = chatfmt.get_tokenizer("gpt-4o")
    examples = [tok.encode_for_training(json.loads(row)["messages"]) for row in rows]
    assert json.loads(Path("train.json").read_text("utf-8")) == [
        {"input_ids": example.input_ids, "labels": example.labels} for example in examples
    ]


def test_the_page_has_a_place_for_the_figures() -> None:
    assert benchmark._MARKS.search(TEXT)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="counts the times of processes as POSIX has them")
def test_the_benchmark_runs() -> None:
    # In a process of its own, since it waits for all children of the one it runs in.
    root = Path(__file__).parents[1]
    path = os.pathsep.join([str(root), str(root / "tests"), os.environ.get("PYTHONPATH", "")])
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", _BENCHMARK],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="counts the times of processes as POSIX has them")
def test_a_checkout_is_compared_with_another() -> None:
    root = Path(__file__).parents[1]
    arguments = ["--base", str(root), "--rows", "40", "--workers", "1", "2", "--pairs", "1"]
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.against", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "tests")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    )
    figures = re.findall(r"(\d) workers?, base and here: min (\S+) and (\S+) CPU", run.stdout)
    assert [count for count, _, _ in figures] == ["1", "2"]
    assert all(float(seconds) > 0 for _, *both in figures for seconds in both)


_BENCHMARK = """
from pathlib import Path
from benchmarks import corpus as benchmark

rows = benchmark.write_rows(Path("many.jsonl"), 300)
alone, both = benchmark.encode_alone(rows), benchmark.run(rows, 2)
assert (alone.rows, alone.tokens) == (both.rows, both.tokens)
assert alone.rows == 300
assert 380 < alone.tokens / alone.rows < 420
assert 0 < both.parent < both.processor
assert 50 < both.megabytes < benchmark.MEMORY
table = benchmark._table(benchmark._HEADS, map(benchmark._line, (alone, both)))
assert len(table.splitlines()) == 4
assert len({line.count("|") for line in table.splitlines()}) == 1
"""
