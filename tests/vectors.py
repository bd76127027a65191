"""The conformance vectors, by what they state about their ids."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

CONFORMANCE = Path(__file__).resolve().parents[1] / "conformance"


@functools.cache
def files() -> dict[Path, list[Any]]:
    """Every file of vectors, and its rows."""
    paths = sorted(CONFORMANCE.glob("*/*.json"))
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def kind_of(vector: dict[str, Any]) -> str:
    """What a vector is: the member that only its kind has says so."""
    marks = {"error": "malformed", "prompt": "prompt", "straddling": "reading"}
    return next((kind for mark, kind in marks.items() if mark in vector), "conversation")


def vectors(kind: str, *, folder: str = "*") -> list[Any]:
    """Parameters for pytest, one for each vector of a kind."""
    return [
        pytest.param(row, id=row["id"])
        for path, rows in files().items()
        for row in rows
        if kind_of(row) == kind and path.match(f"{folder}/*.json")
    ]
