"""Progress of a run: a bar in a terminal, and lines elsewhere."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest

from chatfmt.corpus import Summary, progress, raw, tokenize
from corpus_data import command, lines, mixture, options, write

if TYPE_CHECKING:
    from pathlib import Path

FAR = r"([\d,]+) rows  ([\d,]+) tokens  ([\d,]+) rows/s  (\d:\d\d:\d\d) left"


def test_a_log_has_plain_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVERY", 0)
    monkeypatch.setattr(raw, "_BATCH_ROWS", 512)
    write(tmp_path / "a.jsonl", lines(1400))
    mix = mixture(tmp_path, "a.jsonl")
    with progress.shown_progress() as show:
        tokenize(mix, tmp_path / "out", options(mix), workers=1, progress=show)
    first, *others = capsys.readouterr().err.splitlines()
    assert first == "  0%  0 rows  0 tokens"
    found = [re.fullmatch(rf" *(\d+)%  {FAR}", line) for line in others]
    rows = [match and int(match[2].replace(",", "")) for match in found]
    assert rows == [512, 1024, 1400]
    parts = [int(match[1]) for match in found if match]
    assert parts == sorted(parts)
    assert parts[-1] == 100
    assert 30 < parts[0] < 45


def test_a_resumed_run_tells_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clock = progress._Clock()
    assert clock.text(Summary(rows=8000), 0) == "8,000 rows  0 tokens"
    now += 10
    # 1,000 rows in 10 seconds, and 9,000 are the half.
    assert clock.text(Summary(rows=9000), 0.5) == "9,000 rows  0 tokens  100 rows/s  0:01:30 left"


@pytest.mark.skipif(os.name != "posix", reason="a terminal as POSIX has it")
def test_a_terminal_has_a_bar(tmp_path: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    write(tmp_path / "a.jsonl", lines(1400))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    arguments = [tmp_path / "a.jsonl", "-o", tmp_path / "out", "--workers", 1]
    run = command(*arguments, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 1 << 16):
            shown += chunk
    except OSError:  # so a terminal ends that nobody holds any more
        pass
    finally:
        os.close(ours)
    run.communicate(timeout=300)
    assert run.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    last = text.strip().splitlines()[-1]
    assert re.search(rf"━ +100% {FAR}$", last.strip()), text
    assert "1,400 rows" in last
