"""Shows the progress of a run: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatfmt.corpus.summary import Summary

__all__ = ["shown_progress"]

_EVERY = 10.0  # seconds between two lines of a log


@contextmanager
def shown_progress() -> Iterator[Callable[[Summary, float], None]]:
    """A function to call before the first batch and after each; it writes to standard error.

    Raises:
        ImportError: standard error is a terminal, and rich is not installed.
    """
    if not sys.stderr.isatty():
        yield _Log()
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn
    except ImportError:
        message = "a progress bar needs rich: pip install 'chatfmt[data]'"
        raise ImportError(message, name="rich") from None
    columns = (BarColumn(), TaskProgressColumn(), "{task.description}")
    clock = _Clock()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=1.0)

        def show(summary: Summary, part: float) -> None:
            bar.update(task, completed=part, description=clock.text(summary, part))

        yield show


class _Clock:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._rows: int | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def text(self, summary: Summary, part: float) -> str:
        """The counts, the rate and the remaining time."""
        if self._rows is None:  # the rows of the run before a resume cost no time now
            self._rows = summary.rows
        rate = (summary.rows - self._rows) / max(self.seconds, 1e-9)
        counts = f"{summary.rows:,} rows  {summary.tokens:,} tokens"
        if not (rate and part):
            return counts
        left = timedelta(seconds=round(summary.rows * (1 - part) / part / rate))
        return f"{counts}  {rate:,.0f} rows/s  {left} left"


class _Log:
    def __init__(self) -> None:
        self._clock = _Clock()
        self._next = _EVERY

    def __call__(self, summary: Summary, part: float) -> None:
        text, seconds = self._clock.text(summary, part), self._clock.seconds
        if seconds >= self._next:
            self._next = seconds + _EVERY
            sys.stderr.write(f"{part:4.0%}  {text}\n")
