"""What published templates write: the rows write it too, after preparation.

For layouts that are not whole yet, a row of the table lacks words; one that becomes whole is to be
struck off the list.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from vectors import CONFORMANCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_WHOLE = {
    *("apertus", "apriel-1.6", "deepseek-v3.2", "kimi-k3", "muse-glimmer", "solar-open"),
}


@pytest.fixture(scope="module")
def layouts(shared_data: Path) -> Iterator[Any]:
    """The script that compares."""
    if not (shared_data.parent / "layouts").is_dir():
        pytest.skip(f"no layouts beside {shared_data}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHATFMT_SHARED", str(shared_data.parent))
        patch.setattr(sys, "path", [str(CONFORMANCE), *sys.path])
        yield importlib.import_module("layouts")


@pytest.fixture(scope="module")
def found(layouts: Any) -> dict[str, list[Any]]:
    """Layout to what became of each of its conversations."""
    return {layout: [*layouts.findings(layout)] for layout in layouts.ROWS}


def test_each_layout_has_a_row_or_a_reason_why_not(layouts: Any, shared_data: Path) -> None:
    stored = {file.stem for file in (shared_data.parent / "layouts").glob("[!_]*.json")}
    assert {*layouts.ROWS, *layouts.UNREACHED} == stored
    assert not {*layouts.ROWS} & {*layouts.UNREACHED}
    assert all(layouts.UNREACHED.values())


def test_nothing_is_wrong(layouts: Any, found: dict[str, list[Any]]) -> None:
    cases = [(layout, case) for layout, findings in found.items() for case in findings]
    assert [(layout, *case) for layout, case in cases if case.kind == layouts.WRONG] == []
    counts = Counter(case.kind for _, case in cases)
    assert len(cases) > 1600
    assert counts[layouts.PREPARED] > 600
    assert counts[layouts.EQUAL] > 500


def test_most_layouts_are_whole(layouts: Any, found: dict[str, list[Any]]) -> None:
    missing = {layouts.NEEDS, layouts.LACKING, layouts.WRONG}
    not_whole = {name for name, cases in found.items() if missing & {case.kind for case in cases}}
    assert not_whole == NOT_WHOLE
    assert len(found) - len(not_whole) >= 62


def test_each_excuse_excuses_a_case(layouts: Any, found: dict[str, list[Any]]) -> None:
    """A fault that is listed for a layout is one that a case of it has."""
    used = {
        (layout, case.case)
        for layout, cases in found.items()
        for case in cases
        if case.kind in (layouts.REFUSED, layouts.LACKING)
    }
    assert {*layouts.FAULTS, *layouts.NO_PLACE} - used == set()
