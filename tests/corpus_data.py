"""Shared by the tests of the corpus: rows made from a seed, and ways to run and to compare."""

from __future__ import annotations

import base64
import functools
import json
import os
import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.adapters import Mixture
from chatfmt.corpus import EncodeOptions, TooManyRejectsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "you",
    "that",
    "it",
    "he",
    "was",
    "for",
    "on",
    "are",
]

BAD_LINES = [
    b'{"prompt": "2+2?", "completion": NaN}',
    b'{"prompt": "2+2?", "prompt": "3+3?", "completion": "4"}',
    b'{"prompt": "2+2?", "completion": "\xff"}',
    b'{"prompt": "2+2?", "completion": "4"',
    b"[]",
    b"",
    b'{"question": "2+2?"}',
    b'{"messages": [{"role": "user", "content": "nobody answers"}]}',
]
"""One line for each way to be refused."""


def lines(count: int, seed: int = 0, *, bad_every: int = 0) -> list[bytes]:
    """Rows as lines, with a bad one among so many."""
    chance = random.Random(seed)  # noqa: S311 - text, no secret

    def text() -> str:
        return " ".join(chance.choices(_WORDS, k=chance.randint(1, 40)))

    found = []
    for number in range(count):
        if bad_every and number % bad_every == bad_every - 1:
            found.append(BAD_LINES[number // bad_every % len(BAD_LINES)])
            continue
        turns = [
            {"role": role, "content": text()}
            for _ in range(chance.randint(1, 3))
            for role in ("user", "assistant")
        ]
        found.append(json.dumps({"messages": turns, "id": number}).encode())
    return found


def write(path: Path, rows: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(row + b"\n" for row in rows))
    return path


def mixture(folder: Path, *patterns: str, **more: Any) -> Mixture:
    """Each pattern as a source of that name."""
    sources = [{"name": pattern, "paths": [pattern]} for pattern in patterns]
    return Mixture.model_validate({"source": sources, "folder": folder, **more})


def options(mixture: Mixture, format: str = "gpt-4", **more: Any) -> EncodeOptions:
    tokenizer = chatfmt.get_tokenizer(format)
    return EncodeOptions(tokenizer=tokenizer, sources=mixture.sources, **more)


ENCODINGS = ["bundled", "extended", "tokenizer.json"]
"""Kinds of encodings: what one is made from travels to other processes in different ways."""


@functools.cache
def tokenizer_of(kind: str) -> chatfmt.ChatTokenizer:
    base = chatfmt.get_encoding("cl100k_im")
    encoding: Any = base
    if kind == "extended":
        encoding = chatfmt.extend_encoding(base, "mine", ["<|mine|>"])
    elif kind == "tokenizer.json":
        from chatfmt.hf import HFEncoding
        from hf_tokenizers import hf_tokenizer_from

        encoding = HFEncoding(hf_tokenizer_from(base))
    return chatfmt.get_tokenizer("gpt-4", encoding)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but the manifest, which says when the input was changed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def rejects(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "rejects.jsonl").read_bytes().splitlines()]


def command(
    *arguments: object, before: Callable[[], object] | None = None, **more: Any
) -> subprocess.Popen[str]:
    """``chatfmt tokenize`` in a process of its own, which calls ``before`` first (POSIX alone).

    Ctrl-C reaches it, also where the tests run in the background of a shell, which has what it
    starts there ignore it.
    """

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if before is not None:
            before()

    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "chatfmt.cli", "tokenize", *map(str, arguments)],
        text=True,
        preexec_fn=prepare if os.name == "posix" else None,  # noqa: PLW1509 - no thread holds a lock
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def finish(run: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it wrote to standard error."""
    try:
        _, error = run.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        run.kill()  # or it would go on beside the tests that follow
        raise
    return run.returncode, error


def row_of(told: dict[str, Any]) -> bytes | None:
    """The bytes of a refused row, as they stood in its file; None if they were not held."""
    if told.get("row_base64") is not None:
        assert told["row"] is None
        return base64.b64decode(told["row_base64"])
    return None if told["row"] is None else told["row"].encode()


def overwrite_and_resume(run: Callable[..., object]) -> None:
    """Run again over a finished corpus, stopped by refused rows twice and then completed."""
    run(overwrite=True)
    for limit, how in ((2, "overwrite"), (6, "resume")):
        with pytest.raises(TooManyRejectsError):
            run(max_rejects=limit, **{how: True})
    run(resume=True)
