"""The table of harnesses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import data, lines, playground, wire
from fuzz.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HARNESSES", "run"]

HARNESSES: dict[str, Callable[[Source], None]] = {
    "template": lines.template,
    "parse": wire.parse,
    "stream": wire.stream,
    "transcript": wire.transcript,
    "values": data.values,
    "rows": data.rows,
    "files": data.files,
    "web": playground.web,
}


def run(name: str, given: bytes) -> None:
    """Give an input to a harness; whatever it raises is a finding."""
    HARNESSES[name](Source(given))
