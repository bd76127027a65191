"""Published templates against the rows: after preparation, both write the same.

A layout on the list is not complete, because a row of the table lacks words; once it is, it
must be removed from the list.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import FORMAT_ROWS, get_format
from published_templates import ONLY_GENERATED
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
    """A fault that a row names is one that its layouts have, or generated conversations show."""
    shown = {
        (layouts.ROWS[layout], fault)
        for layout, cases in found.items()
        for case in cases
        for fault in case.faults
    }
    named = {(row, fault) for row in FORMAT_ROWS for fault in get_format(row).faults}
    assert shown <= named
    assert named - shown == ONLY_GENERATED
    lacking = {
        (layout, case.case)
        for layout, cases in found.items()
        for case in cases
        if case.kind == layouts.LACKING
    }
    assert {*layouts.NO_PLACE} == lacking


def test_the_table_that_the_documentation_shows_is_what_is_found(
    layouts: Any, found: dict[str, list[Any]]
) -> None:
    table = json.loads(layouts.TABLE.read_text("utf-8"))
    rerun = "run conformance/layouts.py --write, then docs/make_protocol.py"
    assert table["layouts"] == {name: layouts.summary(name, found[name]) for name in found}, rerun
    assert table["no row"] == layouts.UNREACHED, rerun


def test_as_many_layouts_are_whole_as_the_documentation_says(layouts: Any) -> None:
    lines = json.loads(layouts.TABLE.read_text("utf-8"))["layouts"].values()
    whole = sum(line["whole"] for line in lines)
    told = (CONFORMANCE.parent / "docs" / "formats.md").read_text("utf-8")
    assert f"{whole} of the {len(lines)} layouts" in " ".join(told.split())
