"""Corpora from and to a real S3 server: the same bytes as on the disk, whatever is killed."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.cli import main
from chatfmt.corpus import FileOptions, check, tokenize
from corpus_data import command, contents, lines, mixture, options, write
from heavy import heavy
from s3_server import BUCKET, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

ROWS = int(os.environ.get("CHATFMT_S3_ROWS", "3_000_000"))
"""Rows of the large test."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    heavy("s3fs")
    with s3_server(tmp_path_factory.mktemp("s3")) as environment:
        yield environment


@pytest.fixture
def s3(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server as fsspec sees it, with an empty bucket."""
    import fsspec

    for name, value in server.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    fs = fsspec.filesystem("s3")
    for path in fs.ls(BUCKET, detail=False):
        fs.rm(path, recursive=True)
    return fs


def _fetched(s3: Any, url: str, target: Path) -> dict[str, bytes]:
    s3.get(url, str(target), recursive=True)
    return contents(target)


@pytest.mark.parametrize(
    "files", [FileOptions(shard_tokens=20_000), FileOptions(shuffle=3, pack=512)], ids=str
)
def test_the_same_bytes_as_on_the_disk(s3: Any, tmp_path: Path, files: FileOptions) -> None:
    write(tmp_path / "a.jsonl", lines(600, bad_every=50))
    s3.put_file(str(tmp_path / "a.jsonl"), f"{BUCKET}/in/a.jsonl")
    mix = mixture(tmp_path, f"s3://{BUCKET}/in/*.jsonl")
    expected = tokenize(mix, tmp_path / "out", options(mix), files, workers=1)
    assert tokenize(mix, f"s3://{BUCKET}/out", options(mix), files, workers=1) == expected
    assert _fetched(s3, f"{BUCKET}/out", tmp_path / "fetched") == contents(tmp_path / "out")
    assert check(f"s3://{BUCKET}/out").faults == []


def test_one_run_at_a_time(s3: Any) -> None:
    """The lock is an object that S3 creates only if there is none."""
    from chatfmt.corpus.folder import LOCK
    from chatfmt.corpus.place import place_of
    from chatfmt.errors import DataError

    url = f"s3://{BUCKET}/out"
    with place_of(url).locked():
        assert s3.exists(f"{BUCKET}/out/{LOCK}")
        place: Any = place_of(url)
        assert not place.create(LOCK, b"mine")
        with pytest.raises(DataError, match="locked by process"), place.locked():
            pass
    assert not s3.exists(f"{BUCKET}/out/{LOCK}")


def test_what_the_server_refuses_is_told_in_a_line(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.jsonl", lines(3))
    s3.put_file(str(tmp_path / "a.jsonl"), f"{BUCKET}/in/a.jsonl")
    source, out = f"s3://{BUCKET}/in/a.jsonl", f"s3://{BUCKET}/out"

    def told(source: str, out: str) -> str:
        type(s3).clear_instance_cache()
        assert main(["tokenize", source, "--format", "gpt-4", "-o", out, "--workers", "1"]) == 2
        [error] = capsys.readouterr().err.splitlines()
        return error

    assert "expected files, found none for" in told("s3://nowhere/a.jsonl", out)
    assert "from outside the output folder" in told(source, f"s3://{BUCKET}/in")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "reader-secret")
    assert "expected credentials that give access" in told(source, out)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    assert "expected credentials that give access" in told(source, out)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "Could not connect to the endpoint" in told(source, out)


def _run_with_kills(
    server: dict[str, str], arguments: list[str], seed: int, kills: int, seconds: float
) -> int:
    """Run to the end, killing it at random moments; the number of kills."""
    chance = random.Random(seed)  # noqa: S311 - moments
    environment = {**os.environ, **server}
    killed = 0
    more: list[str] = []
    while True:
        with command(*arguments, *more, env=environment) as run:
            if killed < kills:
                time.sleep(chance.uniform(0.3, 1) * seconds)
                if run.poll() is None:
                    run.kill()
                    killed += 1
            _, errors = run.communicate()
        if run.returncode == 0:
            return killed
        assert run.returncode == -9, errors
        more = ["--resume"]


def _same_after_kills(
    s3: Any, server: dict[str, str], tmp_path: Path, kills: int, seconds: float, *how: str
) -> int:
    """The number of kills."""
    source = f"s3://{BUCKET}/in/*.jsonl"
    arguments = [source, "--format", "gpt-4", *how]
    with command(*arguments, "-o", tmp_path / "out", env={**os.environ, **server}) as run:
        _, errors = run.communicate()
    assert run.returncode == 0, errors
    to_s3 = [*arguments, "-o", f"s3://{BUCKET}/out"]
    killed = _run_with_kills(server, to_s3, 1, kills, seconds)
    assert _fetched(s3, f"{BUCKET}/out", tmp_path / "fetched") == contents(tmp_path / "out")
    assert check(f"s3://{BUCKET}/out").faults == []
    return killed


def test_a_run_that_is_killed_ends_the_same(
    s3: Any, server: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path / "a.jsonl", lines(4000, bad_every=50))
    s3.put_file(str(tmp_path / "a.jsonl"), f"{BUCKET}/in/a.jsonl")
    how = ["--shard-tokens", "30000", "--workers", "1"]
    assert _same_after_kills(s3, server, tmp_path, 2, 3, *how) > 0


@pytest.mark.skipif("CHATFMT_LARGE" not in os.environ, reason="takes half an hour: CHATFMT_LARGE=1")
def test_millions_of_rows_with_kills_end_the_same(
    s3: Any, server: dict[str, str], tmp_path: Path
) -> None:
    some = lines(20_000, bad_every=500)
    for number in range(-(-ROWS // 200_000)):
        with (tmp_path / "part").open("wb") as file:
            for start in range(0, min(200_000, ROWS - number * 200_000), len(some)):
                file.writelines(
                    row.replace(b'"id": ', b'"id": %d' % (number * 200_000 + start)) + b"\n"
                    for row in some
                )
        s3.put_file(str(tmp_path / "part"), f"{BUCKET}/in/{number:03}.jsonl")
    (tmp_path / "part").unlink()
    seconds = 5 + ROWS / 40_000
    how = ["--shard-tokens", str(ROWS)]
    assert _same_after_kills(s3, server, tmp_path, 5, seconds, *how) == 5
