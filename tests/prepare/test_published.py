"""Conversations of any shape: after preparation, a row writes what the published template writes.

Where it does not, the difference is of one of the kinds listed; all are counted.
"""

from __future__ import annotations

from collections import Counter

import pytest

from chatfmt import get_format
from published_chats import DIFFERENT, EQUAL, REASONS, REFUSED, ROWS, compare
from published_templates import ONLY_GENERATED

pytestmark = pytest.mark.slow

COUNT = 200


def test_what_excuses_a_difference_is_a_fault_that_the_row_names() -> None:
    shown = {(t, reason.kind) for t, reasons in REASONS.items() for reason in reasons}
    shown |= {(template, "dropped_calls") for template in REFUSED}
    named = {(t, kind) for t, row in ROWS.items() for kind in get_format(row).faults}
    assert {(template, kind) for template, kind in shown if kind is not None} <= named
    assert {(ROWS[template], kind) for template, kind in shown} >= ONLY_GENERATED


@pytest.mark.parametrize("template", ROWS)
def test_a_row_writes_what_the_template_writes(template: str) -> None:
    counts: Counter[str] = Counter()
    different = []
    for number in range(COUNT):
        kind, texts = compare(template, number)
        counts[kind] += 1
        if kind == DIFFERENT:
            different.append(texts)
    print(f"{template}, {ROWS[template]}: {dict(counts)}")  # noqa: T201 - with -s
    assert not different, different[0]
    refused = {kind for kind in counts if kind.startswith("refused by ours")}
    assert refused <= {REFUSED.get(template)}
    assert counts[EQUAL] >= COUNT / 4
