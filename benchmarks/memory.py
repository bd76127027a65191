"""How much memory a piece of work takes at its peak, in a process of its own."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import chatfmt
from benchmarks.sets import contents, conversations
from chatfmt.encodings import get_encoding

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CAN_MEASURE", "WORK", "peak"]

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
CAN_MEASURE = _CLEAR.exists()
"""Linux alone forgets a peak when asked to."""


def _kilobytes(key: str) -> int:
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines[key].split()[0])


def _work(characters: int) -> dict[str, Callable[[], object]]:
    chosen = conversations("short", characters)
    texts, joined = contents(chosen), "\n".join(contents(chosen))
    tok, raw = chatfmt.get_tokenizer("gpt-4o"), get_encoding("o200k_im")
    return {
        "encode": lambda: [tok.encode(conversation) for conversation in chosen],
        "the raw loop": lambda: [raw.encode_ordinary(text) for text in texts],
        "batch": lambda: tok.encode_batch(chosen),
        "one raw call": lambda: raw.encode_to_numpy(joined, disallowed_special=()),
    }


WORK = ("encode", "the raw loop", "batch", "one raw call")


def peak(work: str, characters: int) -> float:
    """Megabytes on top of what vocabulary and conversations take; results are kept to the end."""
    run = functools.partial(_work(characters)[work])
    _work(1000)[work]()  # what is built once is built before
    _CLEAR.write_text("5")  # the peak begins anew: proc_pid_clear_refs(5)
    before = _kilobytes("VmRSS")
    kept = run()
    assert kept is not None  # noqa: S101 - it lives until here
    return max(4, _kilobytes("VmHWM") - before) / 1024  # a page at least
